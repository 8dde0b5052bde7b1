"""The click predictor (paper sections 3.2.1 and 4.2, Fig. 2, appendix B): training, evaluation and export."""
