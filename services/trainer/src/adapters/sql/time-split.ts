/**
 * Moments at which the validation and the test slice begin, in one row; null where a slice is empty. Impressions of one moment stay
 * together. Reads joined, parameters.
 */
export const splitMoments = /* sql */ `
  SELECT
    MIN(CASE WHEN place > total * train_fraction THEN occurred_us END) AS validation_from_us,
    MIN(CASE WHEN place > total * (train_fraction + validation_fraction) THEN occurred_us END) AS test_from_us
  FROM (
    SELECT occurred_us, ROW_NUMBER() OVER (ORDER BY occurred_us) AS place, COUNT(*) OVER () AS total FROM joined
  ) AS in_order
  CROSS JOIN parameters`;

/** `sliced`: the joined impressions, each with its slice: one part of the window after the other, never at random. Reads joined, split. */
export const slicedImpressions = /* sql */ `
  SELECT
    joined.*,
    CASE
      WHEN test_from_us IS NOT NULL AND occurred_us >= test_from_us THEN 'test'
      WHEN validation_from_us IS NOT NULL AND occurred_us >= validation_from_us THEN 'validation'
      ELSE 'train'
    END AS slice
  FROM joined CROSS JOIN split`;

/** Impressions by slice: how many in all, with a click, and by traffic. Reads sliced. */
export const sliceSizes = /* sql */ `
  SELECT
    slice,
    COUNT(*) AS impressions,
    COUNT(clicks) AS clicked,
    COUNT(CASE WHEN traffic = 'live' THEN 1 END) AS live,
    COUNT(CASE WHEN traffic = 'simulated' THEN 1 END) AS simulated
  FROM sliced GROUP BY slice`;
