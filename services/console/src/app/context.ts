import type { Gateway } from '../api/gateway.js';
import type { Conversation } from '../session/conversation.js';

/** What the pages work with; lives as long as the browser tab, so that a conversation survives a look at another page. */
export interface AppContext {
  readonly gateway: Gateway;
  /** Tasks "suggestion" and "hint". */
  readonly chat: Conversation;
  /** Task "clarification". */
  readonly writing: Conversation;
}
