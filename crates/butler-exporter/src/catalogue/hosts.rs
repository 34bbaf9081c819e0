//! Own hosts, as strangers see them.

use butler_core::domain::operator::host::HostCheck;
use butler_core::metric_families as families;
use butler_core::text::closed::names;

families! {
    HOST_CHECK_SUCCESS: Gauge "butler_host_check_success" ["network", "host", "check": names::<HostCheck>] "" "Whether a check of a host passed; every configured check is there.";
    HOST_CHECK_DURATION: Gauge "butler_host_check_duration_seconds" ["network", "host", "check": names::<HostCheck>] "seconds" "How long a check of a host took, good or bad.";
    HOST_CERTIFICATE_EXPIRY: Gauge "butler_host_tls_certificate_expiry_timestamp_seconds" ["network", "host"] "seconds" "When the certificate of a host's RPC ends, trusted or not; absent when none came.";
    HOST: Info "butler_host_info" ["network", "host", "version"] "" "The software of the Aztec node that answers at a host's RPC.";
}
