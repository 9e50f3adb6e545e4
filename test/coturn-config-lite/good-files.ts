/** Configurations as people run them; none has anything to mend. */

const denied = `denied-peer-ip=0.0.0.0-0.255.255.255
denied-peer-ip=10.0.0.0-10.255.255.255
denied-peer-ip=100.64.0.0-100.127.255.255
denied-peer-ip=169.254.0.0-169.254.255.255
denied-peer-ip=172.16.0.0-172.31.255.255
denied-peer-ip=192.0.0.0-192.0.0.255
denied-peer-ip=168.63.129.16
denied-peer-ip=192.168.0.0-192.168.255.255
denied-peer-ip=198.18.0.0-198.19.255.255
denied-peer-ip=240.0.0.0-255.255.255.255
denied-peer-ip=::ffff:0.0.0.0-::ffff:255.255.255.255
denied-peer-ip=64:ff9b::-64:ff9b::ffff:ffff
denied-peer-ip=64:ff9b:1::-64:ff9b:1:ffff:ffff:ffff:ffff:ffff
denied-peer-ip=2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff
denied-peer-ip=fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
denied-peer-ip=fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff
no-multicast-peers`;

const limits = `user-quota=12
total-quota=1200
max-bps=1250000`;

const secret = 'static-auth-secret=hR7wq2Zx9LkT4vB8nM3sD6fG1jP5yUcE';

/** UDP and TCP at one public address. The corpus of bad files is made from this one. */
export const plain = `# TURN for the meetings of example.org
listening-port=3478
realm=turn.example.org
use-auth-secret
${secret}
${denied}
${limits}
no-tls
no-dtls
no-cli
fingerprint
no-rfc5780
`;

const withTls = `listening-port=3478
tls-listening-port=443
cert=/etc/letsencrypt/live/turn.example.org/fullchain.pem
pkey=/etc/letsencrypt/live/turn.example.org/privkey.pem
no-tlsv1
no-tlsv1_1
cipher-list="HIGH:!aNULL:!MD5"
realm=turn.example.org
use-auth-secret
${secret}
${denied}
${limits}
no-cli
no-rfc5780
syslog
`;

const behindNat = `listening-ip=10.0.4.7
relay-ip=10.0.4.7
external-ip=203.0.113.7/10.0.4.7
listening-port=3478
min-port=50000
max-port=60000
realm=turn.example.org
use-auth-secret
${secret}
${denied}
${limits}
no-rfc5780
proc-user=turnserver
proc-group=turnserver
`;

/** Blanks instead of "=", quotes, users in a database, its own command line. */
const oldStyle = `  listening-port   3478
realm="turn.example.org"
lt-cred-mech
psql-userdb="host=db.internal dbname=turn user=turn password=x connect_timeout=30"
cli-ip=127.0.0.1
cli-password=$5$79a316b350311570$81df9cfb9af7f5e5a76eada31e7097b663a0670f99a3c07ded3f1c8e59c5658a
${denied}
${limits}
stale-nonce=600
no-stun
log-file=/var/log/turn.log
simple-log
`;

/** Two secrets during a rotation, two public addresses, IPv6. */
const rotation = `listening-ip=203.0.113.7
listening-ip=2001:db8::7
realm=turn.example.org
use-auth-secret
${secret}
static-auth-secret=Vt8Kp3Qz6WnY1xC5bR9mH2dL7gF4sJ0a
${denied}
allowed-peer-ip=203.0.113.20
${limits}
bps-capacity=125000000
no-rfc5780
no-software-attribute
mobility
`;

export const goodFiles: Readonly<Record<string, string>> = { plain, withTls, behindNat, oldStyle, rotation };
