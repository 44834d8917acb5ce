job "registry" {
  type = "service"
  group "registry" {
    network {
      mode = "bridge"
      port "http" { to = 5000 }
    }
    service {
      name     = "docker-registry"
      port     = "http"
      tags = [
        "traefik.enable=true",
        "traefik.http.routers.registry.entrypoints=https",
        "traefik.http.routers.registry.rule=Host(`docker-registry.internal`)",
        "traefik.http.routers.registry.tls=true",
      ]
    }
  }
}
