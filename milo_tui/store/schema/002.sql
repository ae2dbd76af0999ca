-- Looking back at any size: lists, trends and full-text search that read little, whatever the database holds.

-- A turn is larger than what SQLite keeps within a page of a table without rowids: each took a page for itself.
-- `arrivals` is when each chunk of a stream came: microseconds after the request was sent, as 32-bit little-endian
-- differences; NULL where nothing streamed, or an older version measured.
CREATE TABLE turn_with_rowid (
  attempt            INTEGER NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
  position           INTEGER NOT NULL,
  text               TEXT NOT NULL,
  reasoning          TEXT NOT NULL,
  finish_reason      TEXT,
  complete           INTEGER NOT NULL,
  loss               TEXT,
  sent_at            REAL NOT NULL,
  headers_ns         INTEGER,
  first_event_ns     INTEGER,
  first_reasoning_ns INTEGER,
  first_text_ns      INTEGER,
  first_tool_call_ns INTEGER,
  last_delta_ns      INTEGER,
  end_ns             INTEGER,
  chunks             INTEGER NOT NULL,
  input_tokens       INTEGER,
  output_tokens      INTEGER,
  cached_tokens      INTEGER,
  cache_write_tokens INTEGER,
  reasoning_tokens   INTEGER,
  quirks             TEXT NOT NULL,
  server             TEXT NOT NULL,
  status             INTEGER,
  headers            TEXT NOT NULL,
  request            BLOB NOT NULL,
  response           BLOB NOT NULL,
  arrivals           BLOB,
  PRIMARY KEY (attempt, position)
);
INSERT INTO turn_with_rowid SELECT *, NULL FROM turn;
DROP TABLE turn;
ALTER TABLE turn_with_rowid RENAME TO turn;

-- How many attempts a run plans, of all its models, and what its line can be found by (see lists.py), casefolded.
ALTER TABLE run ADD COLUMN planned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN words TEXT NOT NULL DEFAULT '';
UPDATE run SET
  planned = repeats * (SELECT count(*) FROM run_prompt WHERE run_prompt.run = number)
    * (SELECT count(*) FROM run_model WHERE run_model.run = number),
  words = lower(
    suite || ' ' || suite_title || ' '
    || (SELECT group_concat(name || ' ' || id || ' ' || location, ' ') FROM run_model WHERE run = number)
    || iif(simulated, ' simulated ', ' ') || note);

-- Sums, so that one more attempt is added to them at the same cost in the first run and the ten-thousandth.
DROP TABLE run_summary;
CREATE TABLE run_summary (
  run        INTEGER NOT NULL REFERENCES run (number) ON DELETE CASCADE,
  model      INTEGER NOT NULL,
  points     INTEGER NOT NULL DEFAULT 0,
  scored     INTEGER NOT NULL DEFAULT 0,
  latency_us INTEGER NOT NULL DEFAULT 0,
  latencies  INTEGER NOT NULL DEFAULT 0,
  ttft_us    INTEGER NOT NULL DEFAULT 0,
  ttfts      INTEGER NOT NULL DEFAULT 0,
  speed      REAL NOT NULL DEFAULT 0,
  speeds     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run, model)
) WITHOUT ROWID;

-- What a model's summary is, of the attempts that count: the last at each prompt and repeat, if it was scored.
CREATE VIEW summed AS
SELECT run, model, sum(points) AS points, count(*) AS scored,
       coalesce(sum(latency_us), 0) AS latency_us, count(latency_us) AS latencies,
       coalesce(sum(ttft_us), 0) AS ttft_us, count(ttft_us) AS ttfts,
       coalesce(sum(speed), 0) AS speed, count(speed) AS speeds
FROM attempt AS a
WHERE points IS NOT NULL AND number = (
  SELECT max(number) FROM attempt AS b
  WHERE b.run = a.run AND b.model = a.model AND b.prompt = a.prompt AND b.repeat = a.repeat)
GROUP BY run, model;

INSERT INTO run_summary SELECT * FROM summed;

-- A run's attempts in the order they were stored, by the page.
CREATE INDEX attempt_order ON attempt (run);

-- A model's runs, for its trend and for estimates.
CREATE INDEX run_model_history ON run_model (id, run);

-- Full text of what models said. The index holds no text of its own: the view hands it out again for a hit's line.
CREATE VIEW attempt_text (id, answer, reasoning, calls) AS
SELECT id,
  (SELECT group_concat(text, char(10)) FROM turn WHERE attempt = a.id AND text <> ''),
  (SELECT group_concat(reasoning, char(10)) FROM turn WHERE attempt = a.id AND reasoning <> ''),
  (SELECT group_concat(name || ' ' || arguments, char(10)) FROM tool_call WHERE attempt = a.id)
FROM attempt AS a;

CREATE VIRTUAL TABLE attempt_search USING fts5 (
  answer, reasoning, calls,
  content = 'attempt_text', content_rowid = 'id', columnsize = 0, prefix = '2 3',
  tokenize = "unicode61 remove_diacritics 2"
);
INSERT INTO attempt_search (rowid, answer, reasoning, calls) SELECT * FROM attempt_text;

-- Before the attempt's turns go with it, since the index must be told the text that it forgets.
CREATE TRIGGER attempt_forgotten BEFORE DELETE ON attempt BEGIN
  INSERT INTO attempt_search (attempt_search, rowid, answer, reasoning, calls)
  SELECT 'delete', id, answer, reasoning, calls FROM attempt_text WHERE id = old.id;
END;

CREATE VIRTUAL TABLE note_search USING fts5 (
  note, content = 'run', content_rowid = 'number', columnsize = 0, prefix = '2 3',
  tokenize = "unicode61 remove_diacritics 2"
);
INSERT INTO note_search (rowid, note) SELECT number, note FROM run;

CREATE TRIGGER note_kept AFTER INSERT ON run BEGIN
  INSERT INTO note_search (rowid, note) VALUES (new.number, new.note);
END;
CREATE TRIGGER note_changed AFTER UPDATE OF note ON run BEGIN
  INSERT INTO note_search (note_search, rowid, note) VALUES ('delete', old.number, old.note);
  INSERT INTO note_search (rowid, note) VALUES (new.number, new.note);
END;
CREATE TRIGGER note_forgotten AFTER DELETE ON run BEGIN
  INSERT INTO note_search (note_search, rowid, note) VALUES ('delete', old.number, old.note);
END;
