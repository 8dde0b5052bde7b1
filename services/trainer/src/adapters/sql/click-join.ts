/** `shown`: the impressions of the window, each event once. Reads impressions, parameters. */
export const shownImpressions = /* sql */ `
  SELECT impression_id, occurred_us, task_id, query, response, history, cooccurrence_queries, queries, query_count, traffic
  FROM impressions CROSS JOIN parameters
  WHERE occurred_us BETWEEN window_start_us AND window_end_us
    AND (traffic_filter = 'all' OR traffic = traffic_filter)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY impression_id ORDER BY log_offset) = 1`;

/** `taken`: the clicks that may belong to them. Reads clicks, parameters. */
export const takenClicks = /* sql */ `
  SELECT impression_id, position, occurred_us
  FROM clicks CROSS JOIN parameters
  WHERE occurred_us BETWEEN window_start_us - clock_skew_us AND window_end_us + attribution_us
    AND (traffic_filter = 'all' OR traffic = traffic_filter)`;

/**
 * `judged`: every clicked position once, by its earliest click, with what becomes of it. The log delivers at least once and people
 * click twice, so that impression and position make a click one. Reads taken, shown, parameters.
 */
export const judgedClicks = /* sql */ `
  SELECT
    earliest.impression_id,
    earliest.position,
    CASE
      WHEN shown.impression_id IS NULL THEN 'orphan'
      WHEN earliest.position > shown.query_count THEN 'misplaced'
      WHEN earliest.occurred_us > shown.occurred_us + attribution_us THEN 'late'
      WHEN earliest.occurred_us < shown.occurred_us - clock_skew_us THEN 'early'
      ELSE 'joined'
    END AS outcome
  FROM (
    SELECT impression_id, position, MIN(occurred_us) AS occurred_us FROM taken GROUP BY impression_id, position
  ) AS earliest
  LEFT JOIN shown ON shown.impression_id = earliest.impression_id
  CROSS JOIN parameters`;

/**
 * `joined`: one row an impression with its queries and the positions that were clicked, in ascending order; null when none was.
 * Reads shown, judged.
 */
export const joinedImpressions = /* sql */ `
  SELECT shown.*, clicked.positions AS clicks
  FROM shown
  LEFT JOIN (
    SELECT impression_id, ARRAY_SORT(ARRAY_AGG(position)) AS positions FROM judged WHERE outcome = 'joined' GROUP BY impression_id
  ) AS clicked ON clicked.impression_id = shown.impression_id`;

/** What became of the clicks, in one row. Reads judged, taken. */
export const clickOutcomes = /* sql */ `
  SELECT
    COUNT(CASE WHEN outcome = 'joined' THEN 1 END) AS joined,
    COUNT(CASE WHEN outcome = 'late' THEN 1 END) AS late,
    COUNT(CASE WHEN outcome = 'early' THEN 1 END) AS early,
    COUNT(CASE WHEN outcome = 'orphan' THEN 1 END) AS orphan,
    COUNT(CASE WHEN outcome = 'misplaced' THEN 1 END) AS misplaced,
    (SELECT COUNT(*) FROM taken) - COUNT(*) AS duplicate
  FROM judged`;
