// SPDX-License-Identifier: Apache-2.0
#include "proto/tls/registry.hpp"

namespace wiretape::tls {

std::string_view extension_name(std::uint16_t number) {
  switch (number) {
    case 0: return "server_name";
    case 1: return "max_fragment_length";
    case 2: return "client_certificate_url";
    case 3: return "trusted_ca_keys";
    case 4: return "truncated_hmac";
    case 5: return "status_request";
    case 6: return "user_mapping";
    case 7: return "client_authz";
    case 8: return "server_authz";
    case 9: return "cert_type";
    case 10: return "supported_groups";
    case 11: return "ec_point_formats";
    case 12: return "srp";
    case 13: return "signature_algorithms";
    case 14: return "use_srtp";
    case 15: return "heartbeat";
    case 16: return "application_layer_protocol_negotiation";
    case 17: return "status_request_v2";
    case 18: return "signed_certificate_timestamp";
    case 19: return "client_certificate_type";
    case 20: return "server_certificate_type";
    case 21: return "padding";
    case 22: return "encrypt_then_mac";
    case 23: return "extended_master_secret";
    case 24: return "token_binding";
    case 25: return "cached_info";
    case 26: return "tls_lts";
    case 27: return "compress_certificate";
    case 28: return "record_size_limit";
    case 29: return "pwd_protect";
    case 30: return "pwd_clear";
    case 31: return "password_salt";
    case 32: return "ticket_pinning";
    case 33: return "tls_cert_with_extern_psk";
    case 34: return "delegated_credential";
    case 35: return "session_ticket";
    case 36: return "TLMSP";
    case 37: return "TLMSP_proxying";
    case 38: return "TLMSP_delegate";
    case 39: return "supported_ekt_ciphers";
    case 41: return "pre_shared_key";
    case 42: return "early_data";
    case 43: return "supported_versions";
    case 44: return "cookie";
    case 45: return "psk_key_exchange_modes";
    case 47: return "certificate_authorities";
    case 48: return "oid_filters";
    case 49: return "post_handshake_auth";
    case 50: return "signature_algorithms_cert";
    case 51: return "key_share";
    case 52: return "transparency_info";
    case 53: return "connection_id (deprecated)";
    case 54: return "connection_id";
    case 55: return "external_id_hash";
    case 56: return "external_session_id";
    case 57: return "quic_transport_parameters";
    case 58: return "ticket_request";
    case 59: return "dnssec_chain";
    case 60: return "sequence_number_encryption_algorithms";
    case 61: return "rrc";
    case 62: return "tls_flags";
    case 64768: return "ech_outer_extensions";
    case 65037: return "encrypted_client_hello";
    case 65281: return "renegotiation_info";
    default: return {};
  }
}

std::string_view alert_name(std::uint8_t number) {
  switch (number) {
    case 0: return "close_notify";
    case 10: return "unexpected_message";
    case 20: return "bad_record_mac";
    case 21: return "decryption_failed_RESERVED";
    case 22: return "record_overflow";
    case 30: return "decompression_failure_RESERVED";
    case 40: return "handshake_failure";
    case 41: return "no_certificate_RESERVED";
    case 42: return "bad_certificate";
    case 43: return "unsupported_certificate";
    case 44: return "certificate_revoked";
    case 45: return "certificate_expired";
    case 46: return "certificate_unknown";
    case 47: return "illegal_parameter";
    case 48: return "unknown_ca";
    case 49: return "access_denied";
    case 50: return "decode_error";
    case 51: return "decrypt_error";
    case 52: return "too_many_cids_requested";
    case 60: return "export_restriction_RESERVED";
    case 70: return "protocol_version";
    case 71: return "insufficient_security";
    case 80: return "internal_error";
    case 86: return "inappropriate_fallback";
    case 90: return "user_canceled";
    case 100: return "no_renegotiation_RESERVED";
    case 109: return "missing_extension";
    case 110: return "unsupported_extension";
    case 111: return "certificate_unobtainable_RESERVED";
    case 112: return "unrecognized_name";
    case 113: return "bad_certificate_status_response";
    case 114: return "bad_certificate_hash_value_RESERVED";
    case 115: return "unknown_psk_identity";
    case 116: return "certificate_required";
    case 117: return "general_error";
    case 120: return "no_application_protocol";
    case 121: return "ech_required";
    default: return {};
  }
}

std::string_view version_name(std::uint16_t number) {
  constexpr std::string_view drafts[] = {
      "TLS 1.3 (draft 14)", "TLS 1.3 (draft 15)", "TLS 1.3 (draft 16)", "TLS 1.3 (draft 17)", "TLS 1.3 (draft 18)",
      "TLS 1.3 (draft 19)", "TLS 1.3 (draft 20)", "TLS 1.3 (draft 21)", "TLS 1.3 (draft 22)", "TLS 1.3 (draft 23)",
      "TLS 1.3 (draft 24)", "TLS 1.3 (draft 25)", "TLS 1.3 (draft 26)", "TLS 1.3 (draft 27)", "TLS 1.3 (draft 28)"};
  constexpr std::uint16_t first_draft = 0x7f0e;
  switch (number) {
    case 0x0002: return "SSL 2.0";
    case 0x0300: return "SSL 3.0";
    case 0x0301: return "TLS 1.0";
    case 0x0302: return "TLS 1.1";
    case 0x0303: return "TLS 1.2";
    case 0x0304: return "TLS 1.3";
    default: break;
  }
  const unsigned draft = static_cast<unsigned>(number) - first_draft;
  return number >= first_draft && draft < std::size(drafts) ? drafts[draft] : std::string_view{};
}

}  // namespace wiretape::tls
