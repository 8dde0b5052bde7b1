import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryRegistry } from '@gqr/chassis/registry/directory-registry';

export type Variant = 'base' | 'pid' | 'ctx' | 'src';
export const VARIANTS: readonly Variant[] = ['base', 'pid', 'ctx', 'src'];
/** Tiny models: one a variant, of BERT, and one a further backbone, of variant ctx. */
export type TinyName = Variant | 'roberta' | 'albert';
export const TINY_NAMES: readonly TinyName[] = [...VARIANTS, 'roberta', 'albert'];
/** The tiny models whose tokenizers are those of the backbones. */
export const BACKBONES = { bert: 'ctx', roberta: 'roberta', albert: 'albert' } as const satisfies Record<string, TinyName>;

/** The folder of the fixtures, in the sources: compiled tests run from dist/test. */
const fixtures = new URL('../../test/fixtures/', import.meta.url).pathname;

export interface GoldenFixture {
  readonly taskId: string;
  readonly query: string;
  readonly chosen: string[];
  readonly candidate: string;
  readonly answer: string;
  readonly history: string[];
  readonly cooccurrence: string[];
  readonly inputIds: number[];
  readonly segmentIds: number[];
  readonly domainIds: number[];
  readonly probability: number;
}

export interface InputFixture extends Omit<GoldenFixture, 'probability'> {
  readonly spec: {
    variant: Variant;
    maxLength: number;
    maxDomains: number;
    sourceTokens: number;
    tasks: Record<string, number>;
    unknownTask: number;
  };
  readonly taskNumber: number;
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(fixtures, name), 'utf8'));
}

/** A file of a tiny model. */
export function tinyPath(name: TinyName, file: string): string {
  return join(fixtures, `tiny-${name}`, file);
}

export function goldenOf(name: TinyName): GoldenFixture[] {
  return readJson(`tiny-${name}/golden.json`) as GoldenFixture[];
}

/** What PyTorch says of the golden rows. */
export function torchProbabilities(name: TinyName): number[] {
  return (readJson('torch.json') as Record<string, number[]>)[`tiny-${name}`] ?? [];
}

/** Digests of the ids of drawn texts by backbone, see drawn-texts.ts. */
export function digests(): Record<keyof typeof BACKBONES, number[]> {
  return readJson('digests.json') as Record<keyof typeof BACKBONES, number[]>;
}

export function oddTexts(): { text: string; ids: number[] }[] {
  return readJson('texts.json') as { text: string; ids: number[] }[];
}

export function oddInputs(): InputFixture[] {
  return readJson('inputs.json') as InputFixture[];
}

/** A registry in a folder of its own, and the tiny models in it. */
export class TinyRegistry {
  readonly folder = mkdtempSync(join(tmpdir(), 'gqr-ctr-'));
  readonly registry = new DirectoryRegistry(this.folder);

  /** Publishes a tiny model, with some of its files replaced; undefined leaves a file out. The checksums are those of what is published. */
  async publish(version: string, name: TinyName = 'ctx', replaced: Record<string, Buffer | string | undefined> = {}): Promise<void> {
    const files = mkdtempSync(join(tmpdir(), 'gqr-ctr-files-'));
    cpSync(tinyPath(name, '.'), files, { recursive: true });
    for (const [name, content] of Object.entries(replaced)) {
      if (content === undefined) rmSync(join(files, name));
      else writeFileSync(join(files, name), content);
    }
    const about = { metrics: {}, config: {}, dataWindow: null, parents: [], codeVersion: 'test' };
    await this.registry.publish({ kind: 'ctr', version, ...about, traffic: 'simulated' }, files);
    rmSync(files, { recursive: true });
  }

  async makeStable(version: string): Promise<void> {
    await this.registry.setChannel({ kind: 'ctr', version }, 'stable');
  }

  /** A file of a published version, to damage it behind the manifest's back. */
  path(version: string, file: string): string {
    return join(this.folder, 'ctr', version, file);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
