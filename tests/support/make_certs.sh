#!/usr/bin/env bash
# Certificates for tests, made at run time: a CA and any number of entities it signed (ECDSA P-256, TS 33.310 6.1.3a).
#
#   make_certs.sh DIR NAME:SAN,SAN... [NAME:SAN,SAN...]...
#
# A SAN is an IP address (127.0.0.1, ::1), a URI (with "://", or "urn:" in front) or a DNS name; DNS:, IP: or URI: in front
# says so explicitly. Written are
# DIR/ca.pem, DIR/ca.key, and DIR/NAME.pem, DIR/NAME.key for each NAME; a CA that is already in DIR is used again.
# Options before DIR: --key rsa (RSA 2048 entities), --days N (1; a negative number gives an expired certificate).
set -euo pipefail

key_type=ec
days=1
while [ $# -gt 0 ]; do
    case $1 in
    --key) key_type=$2; shift 2 ;;
    --days) days=$2; shift 2 ;;
    *) break ;;
    esac
done
if [ $# -lt 2 ]; then
    echo "usage: make_certs.sh [--key ec|rsa] [--days N] DIR NAME:SAN,SAN..." >&2
    exit 2
fi
dir=$1
shift
mkdir -p "$dir"
umask 077

make_key() {
    if [ "$key_type" = rsa ]; then
        openssl genrsa -out "$1" 2048 2>/dev/null
    else
        openssl ecparam -name prime256v1 -genkey -noout -out "$1"
    fi
}

if [ ! -f "$dir/ca.pem" ]; then
    openssl ecparam -name prime256v1 -genkey -noout -out "$dir/ca.key"
    openssl req -new -x509 -sha256 -key "$dir/ca.key" -days 2 -subj "/O=MSGin5G test/CN=test CA" \
        -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -out "$dir/ca.pem"
fi

san_list() {
    local list="" san
    for san in ${1//,/ }; do
        case $san in
        DNS:* | IP:* | URI:*) list+=",$san" ;;
        *://* | urn:*) list+=",URI:$san" ;;
        *:* | [0-9]*.[0-9]*.[0-9]*.[0-9]*) list+=",IP:$san" ;;
        *) list+=",DNS:$san" ;;
        esac
    done
    printf '%s' "${list#,}"
}

for entity in "$@"; do
    name=${entity%%:*}
    make_key "$dir/$name.key"
    {
        echo "keyUsage=critical,digitalSignature"
        echo "extendedKeyUsage=serverAuth,clientAuth"
        echo "crlDistributionPoints=URI:http://ca.test.example/ca.crl"
        case $entity in *:?*) echo "subjectAltName=$(san_list "${entity#*:}")" ;; esac
    } >"$dir/$name.ext"
    openssl req -new -sha256 -key "$dir/$name.key" -subj "/O=MSGin5G test/CN=$name" -out "$dir/$name.csr"
    openssl x509 -req -sha256 -in "$dir/$name.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -days "$days" \
        -set_serial "0x$(openssl rand -hex 8)" -extfile "$dir/$name.ext" -out "$dir/$name.pem" 2>/dev/null
    rm -f "$dir/$name.csr" "$dir/$name.ext"
done
