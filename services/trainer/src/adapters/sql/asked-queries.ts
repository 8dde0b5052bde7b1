/** `asked`: the queries of the window, each event once. Reads user_queries, parameters. */
export const askedQueries = /* sql */ `
  SELECT session_id, query_key, query, origin, traffic, occurred_us, log_offset
  FROM user_queries CROSS JOIN parameters
  WHERE query_key <> ''
    AND occurred_us BETWEEN window_start_us AND window_end_us
    AND (traffic_filter = 'all' OR traffic = traffic_filter)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY log_offset) = 1`;

/** `turns`: the sessions in order of time, a query repeated at once being one turn. Reads asked. */
export const sessionTurns = /* sql */ `
  SELECT session_id, query_key, origin, occurred_us, log_offset
  FROM (
    SELECT asked.*, LAG(query_key) OVER (PARTITION BY session_id ORDER BY occurred_us, log_offset) AS previous_key
    FROM asked
  ) AS in_order
  WHERE previous_key IS NULL OR previous_key <> query_key`;

/**
 * `pairs`: how often a query followed another one directly (paper section 3.3). The one that follows must be the user's own: a
 * recommended query that was clicked says what was recommended. Reads turns.
 */
export const queryPairs = /* sql */ `
  SELECT query_key, next_key, COUNT(*) AS pair_count
  FROM (
    SELECT
      query_key,
      LEAD(query_key) OVER (PARTITION BY session_id ORDER BY occurred_us, log_offset) AS next_key,
      LEAD(origin) OVER (PARTITION BY session_id ORDER BY occurred_us, log_offset) AS next_origin
    FROM turns
  ) AS followed
  WHERE next_key IS NOT NULL AND next_origin = 'typed'
  GROUP BY query_key, next_key`;

/** `hubs`: queries that follow too many different ones to say anything of any of them ("yes", "weather"). Reads pairs, parameters. */
export const hubQueries = /* sql */ `
  SELECT next_key AS hub_key
  FROM pairs CROSS JOIN parameters
  GROUP BY next_key, hub_minimum, hub_share
  HAVING COUNT(*) > hub_minimum AND COUNT(*) > hub_share * (SELECT COUNT(DISTINCT query_key) FROM pairs)`;

/** `surfaces`: each query as it is most often written; on a tie the first in order of text. Reads asked. */
export const surfaceForms = /* sql */ `
  SELECT query_key, query AS surface
  FROM (SELECT query_key, query, COUNT(*) AS written FROM asked GROUP BY query_key, query) AS forms
  QUALIFY ROW_NUMBER() OVER (PARTITION BY query_key ORDER BY written DESC, query) = 1`;
