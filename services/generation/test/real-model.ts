import { existsSync } from 'node:fs';

const path = process.env['GQR_LLM_MODEL'];
const sha256 = process.env['GQR_LLM_MODEL_SHA256'];

/** The small language model that npm test sets up; undefined where it is not. */
export const realModel = path !== undefined && sha256 !== undefined && existsSync(path) ? { path, sha256 } : undefined;

export const NO_MODEL = 'needs the language model: npm test fetches it and sets GQR_LLM_MODEL and GQR_LLM_MODEL_SHA256';
