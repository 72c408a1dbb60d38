-- rows
SELECT count(*), sum(amount), min(name), max(name), sum(length(data)) FROM item;
SELECT id, name, amount FROM item ORDER BY amount DESC, id LIMIT 3;
-- index
CREATE INDEX by_name ON item (name);
CREATE INDEX by_amount ON item (amount, id);
EXPLAIN QUERY PLAN SELECT id FROM item WHERE name = 'item 00042';
SELECT count(*) FROM item WHERE name BETWEEN 'item 00100' AND 'item 00199';
SELECT a.id, b.id FROM item a JOIN item b ON a.name = b.name AND a.id < b.id WHERE a.amount < 200 ORDER BY 1, 2 LIMIT 5;
-- aggregation
SELECT amount / 100000 AS class, count(*), count(DISTINCT name) FROM item GROUP BY class ORDER BY class;
WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < 20000) SELECT sum(n) FROM step;
SELECT name, count(*) AS c FROM item GROUP BY name ORDER BY c DESC, name LIMIT 3;
-- changes
UPDATE item SET amount = amount + 1 WHERE id % 5 = 0;
DELETE FROM item WHERE id % 7 = 0;
SELECT changes(), count(*), sum(amount) FROM item;
BEGIN;
DELETE FROM item;
SELECT count(*) FROM item;
ROLLBACK;
SELECT count(*) FROM item;
PRAGMA integrity_check;
-- mapped
PRAGMA mmap_size = 67108864;
SELECT count(*), sum(length(name)), sum(amount) FROM item;
UPDATE item SET name = name || ' renamed' WHERE id < 2000;
SELECT count(*) FROM item WHERE name LIKE '%renamed';
-- write-ahead log, its index in shared memory
PRAGMA journal_mode = wal;
BEGIN;
INSERT INTO item (name, amount, data) SELECT name, amount, data FROM item WHERE id <= 20000;
COMMIT;
SELECT count(*), sum(amount) FROM item;
PRAGMA wal_checkpoint(truncate);
-- other journals
PRAGMA journal_mode = delete;
PRAGMA journal_mode = persist;
UPDATE item SET amount = 0 WHERE id < 3000;
PRAGMA journal_mode = truncate;
UPDATE item SET amount = 1 WHERE id < 3000;
PRAGMA journal_mode = memory;
UPDATE item SET amount = 2 WHERE id < 3000;
PRAGMA journal_mode = delete;
SELECT sum(amount) FROM item WHERE id < 3000;
-- vacuum
DELETE FROM item WHERE id > 40000;
PRAGMA freelist_count;
VACUUM;
PRAGMA freelist_count;
PRAGMA page_count;
PRAGMA integrity_check;
SELECT count(*), sum(amount), sum(length(data)) FROM item;
-- in memory
ATTACH ':memory:' AS other;
CREATE TABLE other.copy AS SELECT * FROM item;
PRAGMA temp_store = memory;
SELECT count(*) FROM other.copy c JOIN item i ON c.id = i.id WHERE c.data = i.data;
