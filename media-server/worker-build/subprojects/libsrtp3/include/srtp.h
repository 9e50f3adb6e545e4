/*
 * The part of libsrtp 3's interface that mediasoup-worker uses, on libsrtp 2.
 *
 * Version 3 hides the policy behind a handle and encrypts from one buffer into another. Version 2 has an
 * open policy struct and works in place. Everything not named here is the same in both.
 */
#pragma once

#include <srtp2/srtp.h>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

/* New in version 3. mediasoup names them in its table of messages; version 2 never returns them. */
#define srtp_err_status_buffer_small static_cast<srtp_err_status_t>(28)
#define srtp_err_status_cryptex_err static_cast<srtp_err_status_t>(29)

namespace srtp2_as_3
{
	/* Version 2 keeps a pointer to the key, so the key lives as long as the policy. */
	struct Policy
	{
		srtp_policy_t policy{};
		unsigned char key[128]{};
	};

	/* `transform` is one of version 2's in-place functions. */
	template<typename Transform>
	srtp_err_status_t Protect(
	  Transform transform, srtp_t session, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen)
	{
		if (*outLen < inLen + SRTP_MAX_TRAILER_LEN)
		{
			return srtp_err_status_bad_param;
		}

		std::memmove(out, in, inLen);

		int len        = static_cast<int>(inLen);
		const auto err = transform(session, out, &len);
		*outLen        = static_cast<size_t>(len);

		return err;
	}

	template<typename Transform>
	srtp_err_status_t Unprotect(
	  Transform transform, srtp_t session, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen)
	{
		if (in != out)
		{
			std::memmove(out, in, inLen);
		}

		int len        = static_cast<int>(inLen);
		const auto err = transform(session, out, &len);
		*outLen        = static_cast<size_t>(len);

		return err;
	}
} // namespace srtp2_as_3

/* From here on the name means version 3's handle. */
#define srtp_policy_t srtp2_as_3::Policy*

inline srtp_err_status_t srtp_policy_create(srtp_policy_t* handle)
{
	*handle = new (std::nothrow) srtp2_as_3::Policy();

	return *handle ? srtp_err_status_ok : srtp_err_status_alloc_fail;
}

inline void srtp_policy_destroy(srtp_policy_t handle)
{
	delete handle;
}

inline srtp_err_status_t srtp_policy_set_ssrc(srtp_policy_t handle, srtp_ssrc_t ssrc)
{
	handle->policy.ssrc = ssrc;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_profile(srtp_policy_t handle, srtp_profile_t profile)
{
	const auto err = srtp_crypto_policy_set_from_profile_for_rtp(&handle->policy.rtp, profile);

	return err ? err : srtp_crypto_policy_set_from_profile_for_rtcp(&handle->policy.rtcp, profile);
}

inline srtp_err_status_t srtp_policy_add_key(
  srtp_policy_t handle,
  const uint8_t* key,
  size_t keyLen,
  const uint8_t* salt,
  size_t saltLen,
  const uint8_t* /*mki*/,
  size_t /*mkiLen*/)
{
	if (keyLen + saltLen > sizeof(handle->key))
	{
		return srtp_err_status_bad_param;
	}

	std::memcpy(handle->key, key, keyLen);
	std::memcpy(handle->key + keyLen, salt, saltLen);
	handle->policy.key = handle->key;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_allow_repeat_tx(srtp_policy_t handle, bool allow)
{
	handle->policy.allow_repeat_tx = allow;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_window_size(srtp_policy_t handle, size_t packets)
{
	handle->policy.window_size = packets;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_create(srtp_t* session, srtp_policy_t handle)
{
	return ::srtp_create(session, &handle->policy);
}

inline srtp_err_status_t srtp_protect(
  srtp_t session, const uint8_t* rtp, size_t rtpLen, uint8_t* srtp, size_t* srtpLen, size_t /*mkiIndex*/)
{
	const auto inPlace = [](srtp_t s, void* packet, int* len) { return ::srtp_protect(s, packet, len); };

	return srtp2_as_3::Protect(inPlace, session, rtp, rtpLen, srtp, srtpLen);
}

inline srtp_err_status_t srtp_protect_rtcp(
  srtp_t session, const uint8_t* rtcp, size_t rtcpLen, uint8_t* srtcp, size_t* srtcpLen, size_t /*mkiIndex*/)
{
	const auto inPlace = [](srtp_t s, void* packet, int* len) { return ::srtp_protect_rtcp(s, packet, len); };

	return srtp2_as_3::Protect(inPlace, session, rtcp, rtcpLen, srtcp, srtcpLen);
}

inline srtp_err_status_t srtp_unprotect(
  srtp_t session, const uint8_t* srtp, size_t srtpLen, uint8_t* rtp, size_t* rtpLen)
{
	const auto inPlace = [](srtp_t s, void* packet, int* len) { return ::srtp_unprotect(s, packet, len); };

	return srtp2_as_3::Unprotect(inPlace, session, srtp, srtpLen, rtp, rtpLen);
}

inline srtp_err_status_t srtp_unprotect_rtcp(
  srtp_t session, const uint8_t* srtcp, size_t srtcpLen, uint8_t* rtcp, size_t* rtcpLen)
{
	const auto inPlace = [](srtp_t s, void* packet, int* len) { return ::srtp_unprotect_rtcp(s, packet, len); };

	return srtp2_as_3::Unprotect(inPlace, session, srtcp, srtcpLen, rtcp, rtcpLen);
}

/* `ssrc` in network byte order, as in version 2. */
inline srtp_err_status_t srtp_stream_remove(srtp_t session, uint32_t ssrc)
{
	return ::srtp_remove_stream(session, ssrc);
}
