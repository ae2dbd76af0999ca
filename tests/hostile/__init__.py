"""Input that wants to do harm, or to be a nuisance: small, fast examples of each kind."""
