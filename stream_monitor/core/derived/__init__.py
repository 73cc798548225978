"""Series that no event carries as a column: rates of events, of faults and of outliers, and the confidence of predictions."""
