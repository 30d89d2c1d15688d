-- Which searches found each result: a JSON list as long as `results`, of lists of "picture",
-- "meaning" and "words". It is empty where an earlier version stored the search.
ALTER TABLE searches ADD COLUMN reasons TEXT NOT NULL DEFAULT '[]';
-- 1 where the nearest picture was no nearer than chance, which later pages say too.
ALTER TABLE searches ADD COLUMN nothing_close BIGINT NOT NULL DEFAULT 0;
