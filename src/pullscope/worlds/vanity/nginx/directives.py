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
    absolute_redirect accept_mutex access_by_lua_no_postpone access_log aio aio_write auth_basic_user_file
    auth_delay autoindex autoindex_exact_size autoindex_localtime brotli brotli_static charset charset_types
    chunked_transfer_encoding client_body_buffer_size client_body_in_file_only client_body_in_single_buffer
    client_body_temp_path client_body_timeout client_header_buffer_size client_header_timeout client_max_body_size
    connection_pool_size daemon directio disable_symlinks env error_log etag expires gunzip gzip_static http2
    http2_max_concurrent_streams http2_push_preload http3 if_modified_since ignore_invalid_headers include
    init_by_lua init_by_lua_block init_by_lua_file init_worker_by_lua_block js_import js_path js_set keepalive
    keepalive_disable keepalive_requests keepalive_time keepalive_timeout large_client_header_buffers limit_conn
    limit_conn_log_level limit_conn_status limit_conn_zone limit_rate limit_rate_after limit_req limit_req_dry_run
    limit_req_log_level limit_req_status limit_req_zone lingering_close lingering_time lingering_timeout load_module
    log_by_lua_block log_format log_not_found log_subrequest lua_package_cpath lua_package_path lua_shared_dict
    lua_ssl_trusted_certificate lua_ssl_verify_depth map_hash_bucket_size map_hash_max_size master_process
    max_ranges merge_slashes mirror_request_body modsecurity modsecurity_rules_file more_clear_headers
    more_set_headers msie_padding msie_refresh multi_accept open_file_cache open_file_cache_errors
    open_file_cache_min_uses open_file_cache_valid open_log_file_cache opentracing otel_trace output_buffers
    override_charset pcre_jit pid port_in_redirect postpone_output proxy_bind proxy_buffer_size proxy_buffering
    proxy_buffers proxy_busy_buffers_size proxy_cache proxy_cache_background_update proxy_cache_bypass
    proxy_cache_convert_head proxy_cache_key proxy_cache_lock proxy_cache_lock_age proxy_cache_lock_timeout
    proxy_cache_max_range_offset proxy_cache_methods proxy_cache_min_uses proxy_cache_path proxy_cache_purge
    proxy_cache_revalidate proxy_cache_use_stale proxy_cache_valid proxy_connect_timeout proxy_cookie_domain
    proxy_cookie_flags proxy_cookie_path proxy_force_ranges proxy_headers_hash_bucket_size
    proxy_headers_hash_max_size proxy_http_version proxy_ignore_client_abort proxy_ignore_headers proxy_limit_rate
    proxy_max_temp_file_size proxy_next_upstream proxy_next_upstream_timeout proxy_next_upstream_tries
    proxy_no_cache proxy_pass_request_body proxy_pass_trailers proxy_read_timeout proxy_request_buffering
    proxy_send_timeout proxy_set_body proxy_socket_keepalive proxy_store proxy_store_access
    proxy_temp_file_write_size proxy_temp_path quic_gso quic_retry real_ip_header real_ip_recursive
    request_pool_size reset_timedout_connection resolver resolver_timeout rewrite_log send_timeout sendfile
    sendfile_max_chunk server_name_in_redirect server_names_hash_bucket_size server_names_hash_max_size
    server_tokens set_real_ip_from slice source_charset ssl status_zone sub_filter sub_filter_last_modified
    sub_filter_once sub_filter_types tcp_nodelay tcp_nopush thread_pool types types_hash_bucket_size
    types_hash_max_size underscores_in_headers uninitialized_variable_warn use user variables_hash_bucket_size
    variables_hash_max_size vhost_traffic_status_filter vhost_traffic_status_zone worker_connections
    worker_processes worker_rlimit_nofile zone
    """
)
HARMLESS_BEGINNINGS = tuple(
    names(
        """
        ssl_ proxy_ssl_ gzip http2_ http3_ brotli_ fastcgi_ uwsgi_ scgi_ grpc_ geoip pagespeed ssi addition_ perl_modules #
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
