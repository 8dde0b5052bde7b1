import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { ResponseLine } from '../grammar/response-grammar.js';
import type { RenderedPrompt } from '../prompt/render-prompt.js';
import type { Tokenizer } from '../prompt/tokenizer.js';
import type { Decoding } from '../tasks/task.js';

// The port to whatever runs the language model. Two kinds of backends serve it. One yields the distribution of the next token
// (llama.cpp in this process): it is given the port by domain/decode, which draws token by token. The other yields text under a
// grammar of its own (vLLM): it compiles the lines by regexOf. What a backend cannot do it says in its capabilities, and domain/generate
// makes up for it: it checks every line by its rule, re-draws, and says that a propensity is unknown.
//
// Rules for every adapter:
// - All calls end as soon as their limits do: they reject with the signal's reason (a CallEndedError), and the model stops working on
//   them. So does a generator whose consumer returns. Nothing waits without an end.
// - They reject with OverloadedError at once when the queue is full, with BackendUnavailableError when the backend is gone, draining
//   or does not answer in time, and with BackendFaultError when it answers junk. No other failure leaves an adapter.
// - A call that failed half-way may be made again by the caller; an adapter repeats only what did not begin.
// - Log-probabilities are natural logarithms.

/** Runs policies: one base model, and a LoRA adapter for each policy. */
export interface LanguageBackend {
  /** "llama.cpp", "vllm"; ListPolicies says it. */
  readonly name: string;
  /** sha256 of the base model's GGUF file, in hex: what a policy's manifest names. */
  readonly baseModelSha256: string;
  /** The base model's tokenizer, which budgets prompts. It is here, in this process, whatever runs the model. */
  readonly tokenizer: Tokenizer;
  readonly capabilities: BackendCapabilities;
  /**
   * Loads a policy, warms it up and keeps it loaded, on every replica and through their restarts, until it is unloaded.
   * @throws UnusablePolicyError when the adapter is damaged, lacks this backend's format or does not fit the base model
   */
  load(artefact: PolicyArtefact): Promise<PolicyModel>;
  /** Names of the adapters that the model really holds at this moment, by whoever loaded them. */
  listAdapters(): Promise<readonly string[]>;
  /** Whether the backend can write now; never rejects. */
  health(): Promise<BackendHealth>;
  /** Unloads everything that it loaded and lets go of the model. */
  close(): Promise<void>;
}

/** What a backend can do; constant while it runs. */
export interface BackendCapabilities {
  /** Tokens of a prompt and its response together. */
  readonly contextTokens: number;
  /** Whether `excluded` of a line's rule is held while the line is drawn, and lines without a head that one order asks for differ. */
  readonly enforcesExclusions: boolean;
  /** Whether the log-propensity of a line is known: its probability under the distribution really sampled from, grammar included. */
  readonly knowsPropensities: boolean;
  /** Whether `score` and `propose` work, which give log-probabilities at temperature 1 and without a grammar. */
  readonly scores: boolean;
  /** Whether `propose` can search by diverse beams too. */
  readonly diverseBeams: boolean;
}

export type BackendHealth = { readonly ready: true } | { readonly ready: false; readonly reason: string };

/** A policy as the registry has it. */
export interface PolicyArtefact {
  readonly taskId: string;
  readonly version: string;
  /** Folder of its files, checked against their manifest: `adapter.gguf`, and `peft/` with the same weights; undefined for the base model alone. */
  readonly folder: string | undefined;
  /** sha256 of the base model that it adapts, in hex. */
  readonly baseModelSha256: string;
}

/** A policy that is loaded. */
export interface PolicyModel {
  /**
   * Lends what one call needs to work on one prompt; callers beyond the backend's concurrency wait in line. It must be released.
   * The limits hold for everything that is done with it.
   * @throws CallEndedError, OverloadedError, BackendUnavailableError
   */
  lend(prompt: RenderedPrompt, limits: CallLimits): Promise<PromptSession>;
  /**
   * Unloads the policy. No session of it is open any more and nobody asks for it again. Never rejects: what cannot be unloaded now is
   * unloaded later.
   */
  unload(): Promise<void>;
}

/** One prompt under one policy. Its calls follow one another; what they share of prompt and response is computed once. */
export interface PromptSession {
  /** Milliseconds spent waiting in line, and on evaluating the prompt; 0 where the backend does not say. */
  readonly waitedMs: number;
  readonly promptMs: number;
  /** Tokens of the prompt whose evaluation was reused; 0 where the backend does not say. */
  readonly cachedTokens: number;
  /**
   * Draws lines one after the other, each yielded as soon as it is complete. The consumer may stop at any line and call again with other
   * `given` lines: that is how a line is re-drawn. Ends early, without an error, when no line that obeys its rule can be found.
   */
  write(order: WriteOrder): AsyncGenerator<DrawnLine, void>;
  /** Candidates for one line, all behind the same given lines: distinct, the most probable first, fewer if there are no more. */
  propose(order: ProposeLineOrder): Promise<readonly CandidateLine[]>;
  /**
   * Scores a response: the log-probability of each of its lines, the separator behind it included, given the prompt and the lines
   * before it, at temperature 1 and without a grammar. The token that ends the response counts to the last line. Lines and separators
   * are tokenised one by one. Rejects with UnsupportedByBackendError where `capabilities.scores` is false.
   */
  score(lines: readonly string[]): Promise<readonly ScoredLine[]>;
  /** Gives it back; more than once does no harm. */
  release(): void;
}

/** Where the response stands. */
export interface ResponsePoint {
  /** Lines that stand already, heads included, separators not. */
  readonly given: readonly string[];
  readonly decoding: Decoding;
  /** The same seed draws the same, as far as the backend can. */
  readonly seed: bigint;
  /** Whether the response ends behind the last line that is wanted; otherwise a separator follows. */
  readonly ends: boolean;
}

export interface WriteOrder extends ResponsePoint {
  readonly lines: readonly ResponseLine[];
}

/** A line that was drawn. */
export interface DrawnLine {
  /** Without head and separator, trimmed. */
  readonly text: string;
  /**
   * Log-probability with which it was drawn, given what stands before it: that of its tokens and its end under temperature, nucleus,
   * penalties and grammar. Undefined when unknown, as for a line that was begun again in a dead end.
   */
  readonly logPropensity: number | undefined;
  /** Tokens drawn for it, those of dead ends included. */
  readonly tokens: number;
  /** Times that it was begun again. */
  readonly redraws: number;
}

/** How candidates are looked for. */
export type CandidateSearch =
  | { readonly kind: 'sample' }
  /**
   * Diverse beam search (paper appendix C; Vijayakumar et al. 2018): the candidates are shared out among `groups`, which search one
   * after the other; a token's log-probability is lowered by `similarityPenalty` for every earlier group whose lines hold it.
   */
  | { readonly kind: 'diverse-beam'; readonly groups: number; readonly similarityPenalty: number };

export interface ProposeLineOrder extends ResponsePoint {
  readonly line: ResponseLine;
  readonly candidates: number;
  readonly search: CandidateSearch;
}

/** A candidate for a line. */
export interface CandidateLine {
  readonly text: string;
  /** As `score` has it, its separator or the end included. */
  readonly logProbability: number;
  readonly tokens: number;
}

export interface ScoredLine {
  readonly logProbability: number;
  readonly tokens: number;
}
