import type { CallLimits } from '@gqr/chassis/grpc/call';
import type { PolicyModel, PromptSession } from '../backend/language-backend.js';
import type { RenderedPrompt } from '../prompt/render-prompt.js';
import type { TokenModel } from './token-model.js';
import { TokenSession } from './token-session.js';

/** A policy that is run by drawing token by token. */
export class TokenPolicy implements PolicyModel {
  constructor(private readonly model: TokenModel) {}

  async lend(prompt: RenderedPrompt, limits: CallLimits): Promise<PromptSession> {
    return new TokenSession(prompt.tokens, await this.model.lend(prompt.tokens, limits), this.model.vocabulary);
  }

  unload(): Promise<void> {
    return this.model.close();
  }
}
