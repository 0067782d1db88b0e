"""How much there is of what is sold: a part of its own that meets orders in events and nowhere else."""
