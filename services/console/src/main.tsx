import './design/fonts.css';
import './design/tokens.css';
import './design/base.css';
import './design/button.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { HttpGateway } from './api/http-gateway.js';
import { App } from './app/App.js';
import { applyTheme, THEME_KEY, THEMES } from './app/theme.js';
import { stored } from './design/use-stored.js';
import type { AppContext } from './app/context.js';
import { CONVERSATIONS, WRITING } from './samples/catalog.js';
import { SampleAnswers } from './samples/sample-answers.js';
import { SampleDrafts } from './samples/sample-drafts.js';
import { Conversation } from './session/conversation.js';
import { newSessionId } from './session/session-id.js';

// Before the first paint, so that the other theme does not flash up.
applyTheme(stored(THEME_KEY, THEMES, 'system'));

const gateway = new HttpGateway((url, init) => fetch(url, init));
const ports = { gateway, newSessionId, now: () => performance.now() };
const chat = { mainTask: 'suggestion', hintTask: 'hint', carriesDraft: false };
const writing = { mainTask: 'clarification', carriesDraft: true };

const context: AppContext = {
  gateway,
  chat: new Conversation(chat, { ...ports, answers: new SampleAnswers(CONVERSATIONS) }),
  writing: new Conversation(writing, { ...ports, answers: new SampleDrafts(WRITING) }),
};

const root = document.getElementById('app');
if (root === null) throw new Error('index.html has no element #app');
createRoot(root).render(
  <StrictMode>
    <App context={context} />
  </StrictMode>,
);
