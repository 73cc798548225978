"""Sizes that kernels share; their callers' are the same."""

cdef enum:
    BLOCK = 32  # values
    LAGS = 4
    SUMS = 3 + LAGS
    ORDER = 3  # of an autoregression
