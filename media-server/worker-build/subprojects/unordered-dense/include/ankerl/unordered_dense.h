/*
 * ankerl::unordered_dense under the names mediasoup-worker uses, made of the standard library's containers.
 */
#pragma once

#include <cstdint>
#include <functional>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>

namespace ankerl::unordered_dense
{
	template<typename T, typename = void>
	struct hash : std::hash<T>
	{
		uint64_t operator()(const T& value) const noexcept
		{
			return std::hash<T>::operator()(value);
		}
	};

	template<typename T>
	struct hash<T, std::enable_if_t<std::is_enum_v<T>>>
	{
		uint64_t operator()(T value) const noexcept
		{
			using Number = std::underlying_type_t<T>;

			return std::hash<Number>{}(static_cast<Number>(value));
		}
	};

	template<typename Key, typename Value, typename Hash = hash<Key>, typename Equal = std::equal_to<Key>>
	using map = std::unordered_map<Key, Value, Hash, Equal>;

	template<typename Key, typename Hash = hash<Key>, typename Equal = std::equal_to<Key>>
	using set = std::unordered_set<Key, Hash, Equal>;
} // namespace ankerl::unordered_dense
