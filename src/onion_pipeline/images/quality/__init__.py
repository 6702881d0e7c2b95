"""What a data set holds and what is wrong with it, as numbers and as figures."""
