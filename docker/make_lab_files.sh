#!/usr/bin/env bash
# What the lab of compose.yaml needs and no image may hold: certificates, and two subscribers with random keys.
#
#   make_lab_files.sh DIR
#
# Fills DIR/akma-aanf, DIR/msgin5g-server, DIR/ue1 and DIR/ue2 with what each program needs and nothing of the others.
# What is there is kept while its certificates are good for another hour.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:?the folder to fill}
# In the image both scripts lie side by side.
make_certs=$here/make_certs.sh
if [ ! -e "$make_certs" ]; then make_certs=$here/../tests/support/make_certs.sh; fi
umask 077

if openssl x509 -checkend 3600 -noout -in "$dir/ue2/ue.pem" >/dev/null 2>&1; then
    echo "make_lab_files: $dir is filled already"
    exit 0
fi

# The authority's key is gone when this ends: nobody can sign another certificate.
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
"$make_certs" --days 2 "$work" "akma-aanf:akma-aanf,localhost" msgin5g-server:msgin5g-server \
    ue1:ue1.lab.example ue2:ue2.lab.example

# give PROGRAM NAME AS: certificate, key and authority
give() {
    mkdir -p "$dir/$1"
    cp "$work/$2.pem" "$dir/$1/$3.pem"
    cp "$work/$2.key" "$dir/$1/$3.key"
    cp "$work/ca.pem" "$dir/$1/ca.pem"
}
give akma-aanf akma-aanf aanf
give msgin5g-server msgin5g-server server
give ue1 ue1 ue

echo "subscribers:" >"$work/subscribers.yaml"
for number in 1 2; do
    k=$(openssl rand -hex 16)
    opc=$(openssl rand -hex 16)
    supi=imsi-00101000000000$number
    printf '  - supi: %s\n    k: "%s"\n    opc: "%s"\n' "$supi" "$k" "$opc" >>"$work/subscribers.yaml"
    mkdir -p "$dir/ue$number"
    printf 'supi: %s\nk: "%s"\nopc: "%s"\nsqn: "000000000000"\n' "$supi" "$k" "$opc" >"$dir/ue$number/usim.yaml"
done
cp "$work/subscribers.yaml" "$dir/akma-aanf/subscribers.yaml"
give ue2 ue2 ue # last: it says that all is there
echo "make_lab_files: filled $dir"
