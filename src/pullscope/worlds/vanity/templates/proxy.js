// $host: a registry domain in front of $label, which asks it for every client.
// Manifests go through here. Blobs do not where $label redirects them: the redirect is handed on.

const registry = "https://$upstream";
const own = "/v2/$namespace/";

// What a pull needs of a request; all other header fields stay here.
const asked = ["accept", "authorization", "if-none-match", "range", "user-agent"];

async function answer(request) {
  const url = new URL(request.url);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return refusal(405, "UNSUPPORTED", "this domain is for pulling; push to $source");
  }
  if (url.pathname !== "/v2/" && !url.pathname.startsWith(own)) {
    return refusal(404, "NAME_UNKNOWN", "not served here");
  }
  const headers = new Headers();
  for (const name of asked) {
    if (request.headers.has(name)) headers.set(name, request.headers.get(name));
  }
  // A compressed answer would be unpacked on the way, and its length would no longer be true.
  headers.set("accept-encoding", "identity");
  // "manual": a redirect is the client's to follow.
  const got = await fetch(registry + url.pathname + url.search, { method: request.method, headers, redirect: "manual" });
  return new Response(got.body, { status: got.status, headers: got.headers });
}

function refusal(status, code, message) {
  const headers = { "content-type": "application/json", "docker-distribution-api-version": "registry/2.0" };
  return new Response(JSON.stringify({ errors: [{ code, message }] }), { status, headers });
}

$entry
