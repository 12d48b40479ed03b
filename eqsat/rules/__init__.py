"""Rewrite rules, as tables under mathematical headings."""
