upstream registry {
    server localhost:5000       weight=5;
}

server {
	listen 80;
  server_name docker.example.com;

    listen 443 ssl; # managed by Certbot
ssl_certificate /etc/letsencrypt/live/docker.example.com/fullchain.pem; # managed by Certbot
ssl_certificate_key /etc/letsencrypt/live/docker.example.com/privkey.pem; # managed by Certbot
    include /etc/letsencrypt/options-ssl-nginx.conf; # managed by Certbot

    if ($scheme != "https") {
        return 301 https://$host$request_uri;
    } # managed by Certbot

  client_max_body_size 0;
  chunked_transfer_encoding on;

  location /v2/ {
    if ($http_user_agent ~ "^(docker\/1\.(3|4|5(?!\.[0-9]-dev))|Go ).*$" ) {
      return 404;
    }

    # auth_basic "registry.localhost";
    proxy_pass http://registry;
    proxy_set_header  Host              $http_host;
    proxy_set_header  X-Real-IP         $remote_addr;
    proxy_set_header  X-Forwarded-For   $proxy_add_x_forwarded_for;
    proxy_set_header  X-Forwarded-Proto $scheme;
    proxy_read_timeout                  900;
  }

  location / {
    proxy_pass http://registry;
    proxy_set_header  Host              $http_host;   # required for docker client's sake
    proxy_set_header  X-Forwarded-Proto $scheme;
  }
}
