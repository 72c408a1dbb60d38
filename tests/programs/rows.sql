PRAGMA journal_mode = WAL;
CREATE TABLE rows(id INTEGER PRIMARY KEY, key TEXT, value REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
    INSERT INTO rows SELECT i, printf('%08x', i * 2654435761 % 4294967296), i * 0.5 FROM n;
CREATE INDEX by_key ON rows(key);
SELECT count(*), sum(value), min(key), max(key) FROM rows;
DELETE FROM rows WHERE id % 7 = 0;
UPDATE rows SET value = -value WHERE key < '80000000';
SELECT count(*), sum(value) FROM rows;
SELECT substr(key, 1, 1), count(*) FROM rows GROUP BY 1 ORDER BY 1 LIMIT 4;
BEGIN; DELETE FROM rows; ROLLBACK;
VACUUM;
PRAGMA integrity_check;
SELECT count(*) FROM rows;
