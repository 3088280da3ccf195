"""Who reads which signal, and what follows from it for one address: verdicts with their reason."""
