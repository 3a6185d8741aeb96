"""Rows from elsewhere -> batches that a transaction stages: Python, Arrow, pandas, Parquet."""
