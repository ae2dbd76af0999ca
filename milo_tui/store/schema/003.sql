-- Where a run comes from: 'here', 'imported', or 'approved' (imported, and the user agreed to what it contacts).
-- Earlier versions did not note it. A run that no process here ever carried out may be an imported one.
ALTER TABLE run ADD COLUMN origin TEXT NOT NULL DEFAULT 'here';
UPDATE run SET origin = 'imported' WHERE runner_pid IS NULL;
