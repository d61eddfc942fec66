"""The storm: the whole daemon on a virtual clock, under faults that a seed decides, watched by invariants."""
