/** `specific`: the pairs without hubs, each with the times that anything followed its query. Reads pairs, hubs. */
export const specificPairs = /* sql */ `
  SELECT query_key, next_key, pair_count, SUM(pair_count) OVER (PARTITION BY query_key) AS followed
  FROM pairs
  WHERE next_key NOT IN (SELECT hub_key FROM hubs)`;

/** D_coo: next queries by descending count, those that are too rare left out. Reads specific, surfaces, parameters. */
export const nextQueries = /* sql */ `
  SELECT query_key, text, followed, next_text, pair_count
  FROM (
    SELECT
      specific.query_key,
      of_query.surface AS text,
      followed,
      of_next.surface AS next_text,
      pair_count,
      ROW_NUMBER() OVER (PARTITION BY specific.query_key ORDER BY pair_count DESC, of_next.surface, next_key) AS place
    FROM specific
    JOIN surfaces AS of_query ON of_query.query_key = specific.query_key
    JOIN surfaces AS of_next ON of_next.query_key = specific.next_key
    CROSS JOIN parameters
    WHERE pair_count >= min_count
  ) AS ranked
  CROSS JOIN parameters
  WHERE place <= max_next
  ORDER BY query_key, place`;

/** The queries that users asked most by own initiative. Reads turns, surfaces, hubs, parameters. */
export const popularQueries = /* sql */ `
  SELECT surface AS text, asked_count
  FROM (
    SELECT turns.query_key, surface, COUNT(*) AS asked_count, MAX(min_count) AS least, MAX(max_popular) AS most
    FROM turns
    JOIN surfaces ON surfaces.query_key = turns.query_key
    CROSS JOIN parameters
    WHERE origin = 'typed' AND turns.query_key NOT IN (SELECT hub_key FROM hubs)
    GROUP BY turns.query_key, surface
  ) AS popular
  WHERE asked_count >= least
  QUALIFY ROW_NUMBER() OVER (ORDER BY asked_count DESC, surface, query_key) <= most
  ORDER BY asked_count DESC, surface, query_key`;

/** What was counted, in one row. Reads asked, hubs, specific, parameters. */
export const countingTotals = /* sql */ `
  SELECT
    (SELECT COUNT(DISTINCT session_id) FROM asked) AS sessions,
    (SELECT COUNT(*) FROM asked WHERE traffic = 'live') AS live,
    (SELECT COUNT(*) FROM asked WHERE traffic = 'simulated') AS simulated,
    (SELECT COUNT(*) FROM hubs) AS hubs,
    (SELECT COUNT(*) FROM specific CROSS JOIN parameters WHERE pair_count < min_count) AS rare_pairs`;
