"""Judges click predictors on logs that they have not seen (paper 4.2 and appendix B.1, Table 2)."""
