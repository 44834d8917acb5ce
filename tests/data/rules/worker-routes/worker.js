const CUSTOM_DOMAIN = "example.com";

const dockerHub = "https://registry-1.docker.io";

const routes = {
  ["docker-" + CUSTOM_DOMAIN]: dockerHub,
  ["quay-" + CUSTOM_DOMAIN]: "https://quay.io",
  ["ghcr-" + CUSTOM_DOMAIN]: "https://ghcr.io",
};

export default {
  async fetch(request) {
    return fetch(new Request(routes[new URL(request.url).hostname] + "/v2/", request));
  },
};
