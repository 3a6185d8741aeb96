"""Postgres' SQL: text in, a typed query or a change of a transaction out."""
