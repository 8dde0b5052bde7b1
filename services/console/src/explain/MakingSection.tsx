import type { Decoding } from '@gqr/protos/gqr/events/v1/events';
import type { Explanation, RecommendResponse } from '@gqr/protos/gqr/recommendation/v1/recommendation';
import type { ReactNode } from 'react';
import { CopyButton } from './CopyButton.js';
import { count, decimal } from './numbers.js';
import { Section } from './Section.js';

interface MakingSectionProps {
  readonly response: RecommendResponse;
  readonly taskId: string;
  readonly sessionId: string;
}

/** Models, decoding, tokens, ids and the prompt. */
export function MakingSection({ response, taskId, sessionId }: MakingSectionProps) {
  const { explanation, modelVersions, experimentArms, impressionId } = response;
  return (
    <>
      <Section title="Models">
        {modelVersions.length === 0 && <p className="inspector-none">No model took part.</p>}
        <dl className="facts">
          {modelVersions.map(({ kind, version }) => (
            <Fact key={kind} name={kind}>
              <code>{version}</code>
            </Fact>
          ))}
          {experimentArms.map(({ experiment, arm }) => (
            <Fact key={experiment} name={`experiment ${experiment}`}>
              <code>{arm}</code>
            </Fact>
          ))}
        </dl>
      </Section>
      {explanation && (
        <Section title="Decoding">
          <dl className="facts">
            {explanation.decoding && <DecodingFacts decoding={explanation.decoding} />}
            <TokenFacts explanation={explanation} />
          </dl>
        </Section>
      )}
      <Section title="Log">
        <dl className="facts">
          <Fact name="Task">
            <code>{taskId}</code>
          </Fact>
          <Fact name="Impression">{impressionId === '' ? 'not logged: clicks cannot be recorded' : <Copyable text={impressionId} />}</Fact>
          <Fact name="Session">
            <Copyable text={sessionId} />
          </Fact>
        </dl>
      </Section>
      {explanation && explanation.prompt !== '' && <Prompt explanation={explanation} />}
    </>
  );
}

function DecodingFacts({ decoding }: { readonly decoding: Decoding }) {
  return (
    <>
      <Fact name="Temperature">{decimal(decoding.temperature)}</Fact>
      <Fact name="Top-p / min-p">
        {decimal(decoding.topP)} / {decimal(decoding.minP)}
      </Fact>
      <Fact name="Repetition penalty / diversity">
        {decimal(decoding.repetitionPenalty)} / {decimal(decoding.diversity)}
      </Fact>
      <Fact name="Seed">{String(decoding.seed)}</Fact>
      <Fact name="Drawn">{decoding.poolSize > 1 ? `from a pool of ${decoding.poolSize} lists` : 'afresh for this call'}</Fact>
    </>
  );
}

function TokenFacts({ explanation }: { readonly explanation: Explanation }) {
  const { promptTokens, cachedPromptTokens, completionTokens, redraws } = explanation;
  return (
    <>
      <Fact name="Prompt">
        {count(promptTokens)} tokens, {count(cachedPromptTokens)} of them reused
      </Fact>
      <Fact name="Written">{count(completionTokens)} tokens</Fact>
      {redraws > 0 && <Fact name="Drawn again">{count(redraws)} that repeated something</Fact>}
    </>
  );
}

function Prompt({ explanation }: { readonly explanation: Explanation }) {
  return (
    <details className="prompt">
      <summary>
        Prompt as rendered <code>{explanation.promptVersion}</code>
      </summary>
      <CopyButton text={explanation.prompt} label="Copy prompt" />
      <pre tabIndex={0}>{explanation.prompt}</pre>
    </details>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="numeric">{children}</dd>
    </div>
  );
}

function Copyable({ text }: { readonly text: string }) {
  return (
    <span className="copyable">
      <code title={text}>{text}</code>
      <CopyButton text={text} label="Copy" />
    </span>
  );
}
