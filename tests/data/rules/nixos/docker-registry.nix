{ config, ... }: {
  services.dockerRegistry = { enable = true; listenAddress = "127.0.0.1"; port = 5000; };
  services.nginx.virtualHosts."docker.example.com" = {
    locations."/".proxyPass = "http://127.0.0.1:${toString config.services.dockerRegistry.port}";
  };
}
