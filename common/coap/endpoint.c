/* Listening (server only). */
#include "address.h"
#include "internal.h"

#include "base/log.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define SOCKET_BUFFER_OCTETS (4 << 20) /* the default of 208 KiB loses datagrams in a burst of 1,000 UEs */
#define DATAGRAMS_A_TURN     64

/* The privileged form goes above net.core.?mem_max; without the privilege the kernel gives what it allows. */
static void set_buffer(int fd, int forced, int plain)
{
    int octets = SOCKET_BUFFER_OCTETS;
    if (setsockopt(fd, SOL_SOCKET, forced, &octets, sizeof octets) != 0 &&
        setsockopt(fd, SOL_SOCKET, plain, &octets, sizeof octets) != 0)
        log_warning("cannot enlarge a socket buffer octets=%d", octets);
}

#define BACKLOG          1024 /* libcoap asks for 5: too few when a network comes back and its UEs with it */
#define KEEPALIVE_IDLE_S 600

/* What a listening socket has, its connections inherit: no waiting for more to send, and an end to peers that are gone.
 */
static void prepare_stream(int fd)
{
    int on = 1, idle_s = KEEPALIVE_IDLE_S;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s) != 0 || listen(fd, BACKLOG) != 0)
        log_warning("cannot set up a TCP listener as wanted");
}

static uint16_t port_of(int fd)
{
    coap_address_t address;
    coap_address_init(&address);
    address.size = sizeof address.addr;
    return getsockname(fd, &address.addr.sa, &address.size) == 0 ? coap_address_get_port(&address) : 0;
}

static bool prepare_psk(struct transport *transport)
{
    coap_dtls_spsk_t setup = { .version = COAP_DTLS_SPSK_SETUP_VERSION,
        .validate_id_call_back = psk_on_server_identity,
        .id_call_back_arg = transport,
        .validate_sni_call_back = psk_on_server_name,
        .sni_call_back_arg = transport };
    if (transport->spsk_set)
        return true;
    if (transport->psk_hint != NULL)
        transport->spsk_info.hint =
            (coap_bin_const_t){ strlen(transport->psk_hint), (const uint8_t *)transport->psk_hint };
    setup.psk_info = transport->spsk_info;
    transport->spsk_set = coap_context_set_psk2(transport->coap, &setup) != 0;
    return transport->spsk_set;
}

enum msgin5g_err transport_listen(
    struct transport *transport, enum transport_scheme scheme, const char *host, uint16_t port, uint16_t *bound_port)
{
    static const coap_proto_t protos[] = { [TRANSPORT_COAPS] = COAP_PROTO_DTLS,
        [TRANSPORT_COAPS_TCP] = COAP_PROTO_TLS,
        [TRANSPORT_COAP] = COAP_PROTO_UDP,
        [TRANSPORT_OSCORE] = COAP_PROTO_UDP };
    coap_address_t address;
    if (scheme > TRANSPORT_OSCORE || !address_parse(host, port, &address))
        return MSGIN5G_ERR_INVALID;
    if (scheme <= TRANSPORT_COAPS_TCP && !prepare_psk(transport))
        return MSGIN5G_ERR_NO_MEMORY;
    coap_endpoint_t *endpoint = coap_new_endpoint(transport->coap, &address, protos[scheme]);
    if (endpoint == NULL)
        return MSGIN5G_ERR_IO;
    int fd = coap_endpoint_get_fd(endpoint);
    if (scheme == TRANSPORT_COAPS_TCP) {
        prepare_stream(fd);
    } else {
        set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
        set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
        coap_context_set_read_batch(transport->coap, DATAGRAMS_A_TURN);
    }
    if (bound_port != NULL)
        *bound_port = port_of(fd);
    return scheme == TRANSPORT_OSCORE ? oscore_listen(transport, port_of(fd)) : MSGIN5G_OK;
}
