/** Nothing from elsewhere, nothing in a frame, nothing kept. */
export const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
} as const;

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/**
 * Why a request is refused: somebody else's page made a browser send it. Such a page can give its own name our address; the
 * Host header then tells that name. A tunnel to the port ends at a loopback name and is let through.
 */
export function forbidden(request: Request): Response | undefined {
  const { headers } = request;
  const host = headers.get('host') ?? '';
  const origin = headers.get('origin');
  const reason = !LOOPBACK.test(host)
    ? `the dashboard is for loopback names such as localhost, not for ${JSON.stringify(host)}`
    : origin !== null && origin !== `http://${host}`
      ? 'the dashboard is not for pages of other origins'
      : undefined;
  return reason === undefined ? undefined : new Response(`${reason}\n`, { status: 403, headers: HEADERS });
}
