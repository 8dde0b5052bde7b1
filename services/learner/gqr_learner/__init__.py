"""The gradient steps of GQR: a command-line worker that the trainer starts, one process a run."""
