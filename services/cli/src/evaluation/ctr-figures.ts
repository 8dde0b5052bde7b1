import { z } from 'zod';

const figure = z.number().nullable();
const interval = z.tuple([z.number(), z.number()]).nullable();
const missing = z.record(z.string(), z.string());

/** Figures of a slice, as the learner's evaluate-ctr says them: one that does not exist is null, and `missing` has the reason. */
const fewFiguresSchema = z.object({
  instances: z.number(),
  lists: z.number(),
  clicks: z.number(),
  clickRate: figure,
  clickRateInterval: interval,
  meanPrediction: figure,
  auc: figure,
  logloss: figure,
  calibrationError: figure,
  missing,
});

const figuresSchema = fewFiguresSchema.extend({
  clusters: z.enum(['lists', 'prompts']),
  aucInterval: interval,
  aucIntervalOfClusters: interval,
  aucWithinList: figure,
  listsRanked: z.number(),
  aucWithinPrompt: figure,
  promptsRanked: z.number(),
  diffCtr: figure,
  days: z.number(),
  daysWithoutClick: z.array(z.string()),
});
export type CtrFigures = z.output<typeof figuresSchema>;

const truthSchema = z
  .object({
    instances: z.number(),
    unknown: z.number(),
    overall: figure,
    withinContext: figure,
    contextsCompared: z.number(),
    withinPrompt: figure,
    promptsCompared: z.number(),
    withinList: figure,
    listsCompared: z.number(),
    goal: z.number(),
    meanAbsoluteError: z.number(),
  })
  .nullable();

const panelSchema = z
  .object({ correlation: figure, interval: z.tuple([z.number(), z.number()]).nullable(), situations: z.number(), goal: z.number() })
  .nullable();

const sliceSchema = fewFiguresSchema.extend({ slice: z.string() });
export type Slice = z.output<typeof sliceSchema>;

const pointSchema = z.object({
  instances: z.number(),
  meanPrediction: z.number(),
  clickRate: z.number(),
  interval: z.tuple([z.number(), z.number()]),
});

const spanSchema = z.object({
  lists: z.number(),
  instances: z.number(),
  clicks: z.number(),
  clickRate: z.number(),
  start: z.string(),
  end: z.string(),
  tasks: z.array(z.string()),
  traffic: z.string(),
});
export type SpanFigures = z.output<typeof spanSchema>;

/** How labels and days were made, where there were none. */
const notesSchema = z.object({ labels: z.string(), days: z.string().optional(), testPanesInTraining: z.number().optional() });

/** Mean and standard deviation over seeds. */
const summarySchema = z.object({ mean: figure, deviation: figure });

/** The figures that are compared over seeds and models. */
const headlines = {
  auc: summarySchema,
  aucWithinList: summarySchema,
  aucWithinPrompt: summarySchema,
  logloss: summarySchema,
  calibrationError: summarySchema,
  diffCtr: summarySchema,
  truthWithinContext: summarySchema,
  truthWithinPrompt: summarySchema,
  panel: summarySchema,
};

/** What the learner's evaluate-ctr answers. */
export const ctrEvaluationSchema = z.object({
  data: z.object({ train: spanSchema, validation: spanSchema, test: spanSchema }),
  notes: notesSchema,
  model: figuresSchema.extend({ truth: truthSchema, panel: panelSchema }),
  byTask: z.record(z.string(), figuresSchema),
  baselines: z.record(
    z.string(),
    figuresSchema.extend({
      truth: truthSchema,
      byTask: z.record(z.string(), figuresSchema),
      loglossOfModelLess: z.number(),
      standardError: z.number(),
    }),
  ),
  promptsNotInTraining: fewFiguresSchema,
  slices: z.object({ position: z.array(sliceSchema), words: z.array(sliceSchema), day: z.array(sliceSchema) }),
  reliability: z.record(z.string(), z.array(pointSchema)),
  lengthBias: z.record(
    z.string(),
    z.object({
      scoreWithWords: figure,
      clickWithWords: figure,
      excessPerWord: figure,
      interval,
      verdict: z.string().nullable(),
      missing,
    }),
  ),
  seeds: z.object({
    bySeed: z.array(z.object({ seed: z.number() })),
    ...headlines,
  }),
});
export type CtrEvaluation = z.output<typeof ctrEvaluationSchema>;

const table2RowSchema = z.object({
  data: z.string(),
  model: z.string(),
  seeds: z.number(),
  seconds: z.number(),
  ...headlines,
  paper: z.object({ auc: z.number(), logloss: z.number(), diffCtr: z.number() }).nullable(),
});
export type Table2Row = z.output<typeof table2RowSchema>;

/** What the learner's evaluate-table2 answers. */
export const table2Schema = z.object({
  config: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  cellsDone: z.number(),
  cells: z.number(),
  data: z.record(
    z.string(),
    z.object({
      spans: z.object({ train: spanSchema, validation: spanSchema, test: spanSchema }),
      notes: notesSchema,
    }),
  ),
  rows: z.array(table2RowSchema),
  order: z.record(z.string(), z.object({ ours: z.array(z.string()), paper: z.array(z.string()), rankCorrelation: figure })),
  claims: z.array(
    z.object({
      data: z.string(),
      claim: z.string(),
      paper: z.number(),
      difference: z.number(),
      interval,
      seeds: z.number(),
      verdict: z.enum(['as in the paper', 'against the paper', 'undecided']),
    }),
  ),
  byCell: z.array(z.object({ device: z.string(), seconds: z.number() })),
});
export type Table2 = z.output<typeof table2Schema>;
