"""What a query may call, with types: one file per family, all of them listed in `registry`."""
