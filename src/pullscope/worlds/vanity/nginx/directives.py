"""What pullscope makes of each nginx directive: played, without effect on a pull, or not played. A table and nothing else.

A directive that stands in none of the lists is not known, and then neither is what its location answers. The names are
those of the index of directives at nginx.org, and of the modules of Debian's nginx packages.
"""

from __future__ import annotations

from pullscope.worlds.vanity.blocks import names

PLAYED = names(
    """
    add_header alias allow auth_basic break default_type deny error_page events geo http if index internal
    limit_except listen location map proxy_hide_header proxy_intercept_errors proxy_pass proxy_pass_header
    proxy_pass_request_headers proxy_redirect proxy_set_header recursive_error_pages return rewrite root satisfy
    server server_name set split_clients stream try_files upstream
    """
)

HARMLESS = names(
    """
    absolute_redirect accept_mutex access_by_lua_no_postpone access_log aio aio_write auth_basic_user_file auth_delay
    chunked_transfer_encoding client_max_body_size connection_pool_size daemon directio disable_symlinks env error_log etag
    expires if_modified_since ignore_invalid_headers include js_import js_path js_set load_module log_by_lua_block
    master_process max_ranges merge_slashes mirror_request_body more_clear_headers more_set_headers multi_accept
    otel_trace output_buffers override_charset pcre_jit pid port_in_redirect postpone_output proxy_bind
    proxy_force_ranges proxy_http_version proxy_ignore_client_abort proxy_ignore_headers proxy_limit_rate
    proxy_max_temp_file_size proxy_pass_request_body proxy_pass_trailers proxy_read_timeout proxy_request_buffering
    proxy_send_timeout proxy_set_body proxy_socket_keepalive request_pool_size reset_timedout_connection rewrite_log
    send_timeout server_name_in_redirect server_tokens set_real_ip_from slice source_charset ssl status_zone
    underscores_in_headers uninitialized_variable_warn use user zone
    """
)
HARMLESS_BEGINNINGS = tuple(
    names(
        """
        ssl_ proxy_ssl_ proxy_buffer proxy_busy_ proxy_cache proxy_connect_ proxy_cookie_ proxy_headers_hash_ proxy_next_upstream
        proxy_no_cache proxy_store proxy_temp_ gunzip gzip brotli zstd http2 http3 quic_ fastcgi_ uwsgi_ scgi_ grpc_ geoip
        autoindex charset client_body_ client_header_ init_by_lua init_worker_by_lua keepalive large_client_ limit_conn
        limit_rate limit_req lingering_ log_format log_not_found log_subrequest lua_ map_hash_ modsecurity msie_
        open_file_cache open_log_ opentracing pagespeed perl_modules real_ip_ resolver sendfile server_names_hash_ ssi sub_filter
        addition_ tcp_ thread_pool types variables_hash_ vhost_traffic_status_ worker_ #
        """
    )
)
"""Beginnings of names of directives that only tune a module; what answers by such a module is in CONTENT."""

CONTENT = names(
    """
    api content_by_lua content_by_lua_block content_by_lua_file dav_methods echo empty_gif fastcgi_pass flv
    grpc_pass image_filter js_content memcached_pass mp4 perl random_index scgi_pass status stub_status uwsgi_pass
    xslt_stylesheet
    """
)
"""Directives that answer in the place of proxy_pass or a file. They are not inherited."""

IRRELEVANT_INCLUDES = names(
    """
    mime.types proxy_params ssl tls letsencrypt fastcgi uwsgi scgi security gzip log modules-enabled dhparam cloudflare realip
    acme cache cors
    """
)


def is_known(name: str) -> bool:
    """True for a directive that is played, or that changes nothing of what a pull meets."""
    return name in PLAYED or name in HARMLESS or (name.startswith(HARMLESS_BEGINNINGS) and name not in CONTENT)


def may_be_left_out(include: str) -> bool:
    """True for an include whose name says that it is about TLS, types or logs, not about what is answered."""
    name = include.lower()
    return any(one in name for one in IRRELEVANT_INCLUDES)
