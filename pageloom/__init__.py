"""Pageloom weaves rows into pages: a static site generator for cross products of data."""

__version__ = "0.1.0"
