"""The one plan: typed queries over pinned tables, whoever asks. See docs/design/0005."""
