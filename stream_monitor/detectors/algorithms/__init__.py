"""What is particular to each algorithm of river: docstring, parameters, state fields, evidence. One algorithm
a file.

The docstring of a file is the docstring of its detector. None of them imports river: they describe objects
which `detectors.river` makes, so that listing detectors, checking a configuration or `--help` does not pay
for that import. They reach into private attributes, for that is where river keeps its state; the layout is
proven before it is relied on.
"""
