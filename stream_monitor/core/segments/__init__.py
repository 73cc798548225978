"""Slices of a model's rows: which segment a row belongs to, series and performance of each, and how fairly they are treated.

Pure and bounded. `segments.Segments` is the way in. Nothing here knows alerts or what a detector makes of a series.
"""
