import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { messageOf } from '../errors.js';
import { writeAtomically } from '../files/write-atomically.js';
import {
  type Artefact,
  type Manifest,
  manifest,
  type ModelId,
  modelId,
  ModelNotFoundError,
  type ModelRegistry,
  type NewModel,
  UnusableModelError,
} from './registry.js';

const MANIFEST = 'manifest.json';
const CHANNELS = 'channels';
const HISTORY = 20;

const pointer = z.object({ version: z.string(), history: z.array(z.string()) });

/** sha256 of a file, in hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** Waits until the disk has a file. */
async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** A registry in a directory: `<kind>/<version>/` with the files and a manifest, `channels/<kind>.<channel>.json`. */
export class DirectoryRegistry implements ModelRegistry {
  constructor(private readonly root: string) {}

  async list(kind?: string): Promise<Manifest[]> {
    const kinds = kind === undefined ? (await this.entries('')).filter((name) => name !== CHANNELS) : [kind];
    const found: Manifest[] = [];
    for (const each of kinds) {
      for (const version of await this.entries(each)) {
        if (!version.startsWith('.')) found.push(await this.get({ kind: each, version }));
      }
    }
    return found.sort((a, b) => a.kind.localeCompare(b.kind) || b.createdAt.localeCompare(a.createdAt));
  }

  async get(id: ModelId): Promise<Manifest> {
    const { kind, version } = this.checkedId(id);
    const path = join(this.root, kind, version, MANIFEST);
    try {
      return manifest.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch (error) {
      if (isMissing(error)) throw new ModelNotFoundError(`there is no model ${kind} ${version}; list the models with: gqr models list`);
      throw new UnusableModelError(`the manifest of ${kind} ${version} is damaged: ${messageOf(error)}`);
    }
  }

  async fetch(id: ModelId): Promise<Artefact> {
    const found = await this.get(id);
    const path = join(this.root, found.kind, found.version);
    for (const file of found.files) {
      const actual = await sha256Of(join(path, file.name)).catch(() => 'missing');
      if (actual !== file.sha256) {
        throw new UnusableModelError(`${file.name} of ${id.kind} ${id.version} is damaged: sha256 is ${actual}, should be ${file.sha256}`);
      }
    }
    return { manifest: found, path };
  }

  async publish(model: NewModel, folder: string): Promise<Manifest> {
    const { kind, version } = this.checkedId(model);
    const names = (await filesBelow(folder)).filter((name) => name !== MANIFEST);
    const files = await Promise.all(
      names.map(async (name) => ({
        name,
        sizeBytes: (await stat(join(folder, name))).size,
        sha256: await sha256Of(join(folder, name)),
      })),
    );
    const complete = manifest.parse({ ...model, createdAt: model.createdAt ?? new Date().toISOString(), files });
    const target = join(this.root, kind, version);
    const existing = await this.get({ kind, version }).catch((error: unknown) => {
      if (error instanceof ModelNotFoundError) return undefined;
      throw error;
    });
    if (existing !== undefined) {
      const same = JSON.stringify(existing.files) === JSON.stringify(complete.files);
      if (!same) throw new UnusableModelError(`${kind} ${version} exists with other files; models are immutable, choose another version`);
      return existing;
    }
    // A name with a leading dot is invisible until the rename makes the whole version appear at once.
    const staging = join(this.root, kind, `.${version}.${randomUUID()}`);
    try {
      for (const name of names) {
        await mkdir(join(staging, name, '..'), { recursive: true });
        await copyFile(join(folder, name), join(staging, name));
        await sync(join(staging, name));
      }
      await writeAtomically(join(staging, MANIFEST), `${JSON.stringify(complete, null, 2)}\n`);
      await rename(staging, target);
    } catch (error) {
      await rm(staging, { recursive: true, force: true });
      throw error;
    }
    return complete;
  }

  async channel(kind: string, channel: string): Promise<string | undefined> {
    return (await this.pointer(kind, channel))?.version;
  }

  async channelHistory(kind: string, channel: string): Promise<string[]> {
    return (await this.pointer(kind, channel))?.history ?? [];
  }

  async setChannel(id: ModelId, channel: string): Promise<void> {
    const { kind, version } = await this.get(id);
    const current = await this.pointer(kind, channel);
    if (current?.version === version) return;
    const history = current === undefined ? [] : [current.version, ...current.history].slice(0, HISTORY);
    await mkdir(join(this.root, CHANNELS), { recursive: true });
    await writeAtomically(this.channelPath(kind, channel), `${JSON.stringify({ version, history })}\n`);
  }

  async channelsOf(id: ModelId): Promise<string[]> {
    const prefix = `${id.kind}.`;
    const channels: string[] = [];
    for (const file of await this.entries(CHANNELS)) {
      if (!file.startsWith(prefix) || !file.endsWith('.json')) continue;
      const channel = file.slice(prefix.length, -'.json'.length);
      if (!channel.includes('.') && (await this.channel(id.kind, channel)) === id.version) channels.push(channel);
    }
    return channels;
  }

  /** Ids come from requests too, and become paths. */
  private checkedId(id: ModelId): ModelId {
    const parsed = modelId.safeParse({ kind: id.kind, version: id.version });
    if (!parsed.success) throw new ModelNotFoundError(`there is no model ${JSON.stringify(id.kind)} ${JSON.stringify(id.version)}`);
    return parsed.data;
  }

  private channelPath(kind: string, channel: string): string {
    return join(this.root, CHANNELS, `${kind}.${channel}.json`);
  }

  private async pointer(kind: string, channel: string): Promise<z.output<typeof pointer> | undefined> {
    try {
      return pointer.parse(JSON.parse(await readFile(this.channelPath(kind, channel), 'utf8')));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw new UnusableModelError(`channel ${channel} of ${kind} is damaged: ${messageOf(error)}`);
    }
  }

  private async entries(folder: string): Promise<string[]> {
    return (
      await readdir(join(this.root, folder)).catch((error: unknown) => {
        if (isMissing(error)) return [] as string[];
        throw error;
      })
    ).sort();
  }
}
