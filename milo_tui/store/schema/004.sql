-- The pool whose variants the repeats ask, and what a run decides by: margin and confidence.
ALTER TABLE run ADD COLUMN pool_seed INTEGER;
ALTER TABLE run ADD COLUMN margin REAL;
ALTER TABLE run ADD COLUMN confidence REAL;
