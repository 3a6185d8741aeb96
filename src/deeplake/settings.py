"""Every tunable number of deeplake, with its unit, its limit and its reason.

Numbers only; components are objects and live in their rooms. A test asserts that each
constant is used.
"""

from __future__ import annotations

# --- storage -------------------------------------------------------------------------------
RANGE_GAP_BYTES_MAX = 64 << 10
"""Ranges closer than this are read as one: 64 KiB costs less than another request."""

REQUEST_BYTES_MAX = 8 << 20
"""Longest single ranged read from an object store; longer ones are split and read in parallel."""

REQUEST_THREADS = 32
"""Parallel requests to one object store (threads: async bulk GETs were 38x slower; 1,000 random
reads at 30 ms take 386 ms on 32 threads, 740 on 16)."""

CACHE_PAGE_BYTES = 64 << 10
"""Page of the read cache, aligned with checksum blocks."""

CACHE_MEMORY_BYTES_MAX = 256 << 20
"""Memory tier of the read cache over an object store."""

HEAP_KEPT_BYTES = 31 << 20
"""A block of this size teaches glibc to keep freed memory (`storage.heap`), up to twice as much. It
heeds nothing over 32 MiB; 0 leaves the allocator alone."""

# --- format --------------------------------------------------------------------------------
CHECKSUM_BLOCK_BYTES = 64 << 10
"""One crc32c covers this much of a fixed-shape frame, so one cold cell verifies 64 KiB."""

FRAME_BYTES = 8 << 20
"""Target size of a frame of fixed-shape values."""

PACK_BYTES = 64 << 20
"""A pack is closed at this size (16 and 32 MiB ingested 1.07-1.2x slower)."""

FRAGMENT_ROWS_MAX = 65_536
"""Rows of one fragment."""

FANOUT = 32
"""Records of one tree level before it is written out as a node."""

SLOT_PAYLOAD_BYTES_MAX = 256 << 10
"""Row data up to this size rides inside the commit slot: one PUT for a small commit."""

SLOT_HEAD_BYTES = 64 << 10
"""First read of a slot: header, roots and fragment descriptors of an ordinary commit."""

MEDIA_OBJECT_BYTES = 8 << 20
"""A media value larger than this becomes an object of its own."""

VALUE_BYTES_MAX = 4 << 30
"""Largest single value."""

TEXT_BLOCK_BYTES = 32 << 10
"""Target uncompressed size of a block of text rows (a row then costs 16-32 us)."""

TEXT_KEPT_BYTES_MAX = 256 << 20
"""Decompressed text kept per open repository, oldest out first: shuffled rows of text that fits
cost 0.5 us each, of text beyond it a block's decompression, 27 us."""

CODEC_SAVING_MIN = 0.15
"""A codec is kept only if it saves at least this share of the bytes."""

PACKED_ROWS_MIN = 4096
"""Integers of a shorter frame are not packed: all of it is read as soon as a few of it."""

PACKED_SIZE_MAX = 4 / 3
"""Integers are packed, for access to few of them, unless pcodec makes less than 1 / this of it."""

# --- keys ----------------------------------------------------------------------------------
KEY_BYTES_MAX = 4096
"""Longest text or blob in a key: keys are read again where hashes are equal."""

KEY_SCAN_ROWS = 1 << 18
"""Rows whose keys are read at once when an index is built: 2 MB of numbers."""

VERIFY_KEYS_MAX = 1 << 23
"""Keys that `verify` holds at once to find equal ones: 350 MB with what sorting takes; a larger
table is read in several passes."""

VERIFY_KEYS_NAMED = 1 << 14
"""Rows with the key of another row that `verify` names of a table, at most: 64 MB of long texts."""

KEY_PROBE_SHARE = 16
"""A table is not indexed while bounds leave less than 1 in so many of its rows to look at, and
what was looked at so far is less than reading all keys once."""

KEY_PROBE_ROWS_MIN = 1 << 18
"""Rows from which bounds are asked at all: fewer keys are indexed in 30 ms."""

KEY_INDEX_ROWS_MAX = 1 << 28
"""Rows of a table from which its keys are not kept in memory (3 GB a key), but read each time."""

# --- versioning ----------------------------------------------------------------------------
HINT_COMMITS = 16
"""The head hint of a branch is rewritten every so many commits."""

COMMIT_ATTEMPTS_MAX = 200
"""Slots tried before a contended commit gives up."""

SQL_ATTEMPTS_MAX = 20
"""Times that a statement by itself is worked out anew because another writer changed the same rows;
each costs one run of the statement."""

OVERLAYS_MAX = 8
"""Overlays of one column of one fragment before a commit folds the small ones into one: 360 updates
of a shared row were read 10x slower without. Media is left to optimize(), which copies none."""

OVERLAYS_FOLDED_BYTES_MAX = 1 << 20
"""What a commit rewrites at most to fold the overlays of one column of a fragment."""

NAME_BYTES_MAX = 200
"""Longest branch, tag or table name, in UTF-8."""

GRACE_S = 7 * 86_400.0
"""Age at which vacuum deletes what is unused: a reader of an automatic commit has a week."""

GRACE_S_MIN = 600.0
"""Least age: a slot that is on its way to a bucket lands within three tries of 180 s or never."""

ANNOUNCED_S = 60.0
"""A transaction whose first pack is older is pinned before it is committed: three small requests,
and a tenth of GRACE_S_MIN, so the packs of others are younger than any vacuum deletes."""

PIN_S_MAX = 3_600.0
"""How long a pin counts: far longer than a commit takes from its pin to its slot."""

GAPS_MAX = 4096
"""Runs of expired slots in the middle of a branch that a plan names: 100 KB of JSON. More named
commits than that keep the automatic ones between the closest of them."""

CONDENSE_S_MAX = 120.0
"""How long a vacuum looks for old commits that may get stand-ins; the next one goes on. A fifth of
GRACE_S_MIN, within which all that it read is there."""

PARENT_AGE_S_MAX = 60.0
"""A writer that read its parent longer ago asks, having committed, whether its slot had expired."""

# --- types ---------------------------------------------------------------------------------
TYPE_DEPTH_MAX = 16
"""Deepest nesting of list<> and struct<>: keeps every recursion over a type shallow."""

TENSOR_RANK_MAX = 32
"""Most axes of a tensor: NumPy 1 allows no more."""

EMBEDDING_LENGTH_MAX = 65_536
"""Longest vector of an emb column; longer ones are tensors, which no index needs to read."""

JSON_DEPTH_MAX = 256
"""Deepest nesting of a JSON value: parsers recurse, and Python stops at 1,000 frames."""

IMAGE_PIXELS_MAX = 1 << 31
"""Most pixels (height x width) of one image; a header that claims more is a decompression bomb."""

IMAGE_QUALITY = 90
"""Quality of arrays encoded as JPEG when the column names none (1 to 100)."""

PNG_LEVEL = 1
"""Deflate level of arrays encoded as PNG (0 to 9): lossless at any, and 1 is the quickest."""

INFER_ROWS_MAX = 1_000
"""Rows looked at when a column's type is inferred."""

# --- loaders -------------------------------------------------------------------------------
SLAB_BYTES = 1 << 20
"""Raw rows read at once in order, and handed out as views: two slabs fit the second-level cache.
One read per batch was 2x slower, 2 MB 1.2x."""

SLAB_SHUFFLED_BYTES = 2 << 20
"""The same in shuffled order, where grouping rows by frame costs 60 us a slab: 1.1x quicker."""

SLAB_ROWS_MAX = 16_384
"""Rows of a slab, however narrow: the first batch does not wait for more."""

VERIFIED_AT_ONCE_BYTES = 8 << 20
"""Bytes, a frame mostly, whose checksums a thread compares in one call, without the GIL. Each time
it takes the GIL back, one of two threads sleeps and is woken, for 50 us: with 1 MB it gained
nothing, with 4 MB a fifth less."""

VERIFIED_AHEAD_BYTES = 16 << 20
"""Bytes such a thread is in front of a pass: as many as the processor's last cache keeps until
they are copied. Columns of twice as many are worth the thread, which takes 0.2 ms to start."""

VERIFIED_AHEAD_ROW_MIN = 256
"""Bytes of a row of a column from which its checksums are worth it."""

ORDER_ROWS = 16_384
"""Positions whose rows are computed at once: 25 ns a row, against 60 for 1,024."""

LOADER_THREADS_MAX = 16
"""Threads of one loader, which run only if it decodes media or reads a bucket."""

DECODE_ROWS = 8
"""Media rows decoded in one go: 1.5 ms of work for photographs of 256 x 256."""

SLABS_AHEAD = 8
"""Slabs of a bucket's rows under way at once: 16 MB, 8 requests' worth at 30 ms."""

PLAN_STEPS_MAX = 1_000_000
"""Steps of planning that one query may take, then it is refused: each part of it takes about four,
10 us and 2 KB in all. IN lists of 300,000 constants are within."""

PLAN_DEPTH_MAX = 2_000
"""Levels that a statement may nest before its text is parsed, which takes 400 bytes of the stack
for each: a thread with 1 MB ends the process at 2,500. What is followed is less."""

QUERY_THREADS = 2
"""Threads of the relational engine."""

QUERY_MEMORY_BYTES_MAX = 4 << 30
"""Memory of the relational engine, at most half of the machine's: what is more goes to the disk."""

QUERY_SPILL_BYTES_MAX = 64 << 30
"""What the engine puts into the folder for temporary files at most."""

QUERY_FEED_BYTES_MAX = 64 << 20
"""Columns of a scan that are not kept are read at once up to this size, else as the engine asks."""

QUERY_FETCH_BYTES_MAX = 64 << 20
"""Values of wide columns fetched at once for rows of a result, unless a single one is larger."""

QUERY_KEPT_BYTES_MAX = 256 << 20
"""Decoded narrow columns kept from statement to statement, oldest out first."""

QUERY_PLANS_KEPT = 512
"""Plans of statements kept: about 20 KB each."""
