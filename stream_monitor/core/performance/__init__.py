"""How well one version of a model predicts: exact figures with intervals from joined pairs, estimates where labels are missing.

Pure and bounded. Nothing here knows how pairs were joined, series, alerts or a clock. Begin reading at `figures.figures_of`.
"""
