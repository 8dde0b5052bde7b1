/** An answer over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, where it is JSON. */
  readonly json: unknown;
}

/** Posts JSON, or a body as it is, to a service at `address`. */
export async function post(
  address: string,
  path: string,
  body: object | string,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  const raw = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(`http://${address}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: raw ? (body as string) : JSON.stringify(body),
  });
  return read(response);
}

export async function get(address: string, path: string): Promise<HttpAnswer> {
  return read(await fetch(`http://${address}${path}`));
}

async function read(response: Response): Promise<HttpAnswer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
}

/** An error as the HTTP twin gives it. */
export interface Problem {
  readonly code: number;
  readonly message: string;
  readonly reason: string | undefined;
  readonly violations: readonly { readonly field: string; readonly description: string }[];
}

export function problemOf({ json }: HttpAnswer): Problem {
  const { code, message, details } = json as {
    code: number;
    message: string;
    details: { reason?: string; fieldViolations?: Problem['violations'] }[];
  };
  const violations = details.flatMap((detail) => detail.fieldViolations ?? []);
  return { code, message, reason: details[0]?.reason, violations };
}
