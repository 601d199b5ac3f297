// Which sentence a service message is, by its kind: a condition and a sentence each (see the server's table).
// Made from tgadmin/core/service_messages.py by `bin/test tests/js/test_service_rules.py --write-docs`; the test fails
// when it differs.

/** @type {Record<string, [string, string][]>} */
export const RULES = {
  boost_apply: [
    ["boosts=1", "{who} boosted the {chat}"],
    ["", "{who} boosted the {chat} {boosts} times"],
  ],
  bot_allowed: [
    ["domain", "The bot may write since a login at {domain}"],
    ["attach_menu", "The bot was added to the attachment menu"],
    ["", "The bot was allowed to write"],
  ],
  change_community: [
    ["", "{who} changed the community of the {chat}"],
  ],
  change_creator: [
    ["", "{who} made {people} the owner"],
  ],
  channel_create: [
    ["", "The {chat} “{title}” was created"],
  ],
  channel_migrate_from: [
    ["", "The group became a supergroup"],
  ],
  chat_add_user: [
    ["self", "{who} joined the {chat}"],
    ["", "{who} added {people}"],
  ],
  chat_create: [
    ["", "{who} created the group “{title}”"],
  ],
  chat_delete_photo: [
    ["", "{who} removed the photo"],
  ],
  chat_delete_user: [
    ["self", "{who} left the {chat}"],
    ["", "{who} removed {people}"],
  ],
  chat_edit_photo: [
    ["", "{who} changed the photo"],
  ],
  chat_edit_title: [
    ["title", "{who} changed the name to “{title}”"],
    ["", "{who} changed the name"],
  ],
  chat_joined_by_link: [
    ["", "{who} joined by an invitation link"],
  ],
  chat_joined_by_request: [
    ["", "{who} was admitted to the {chat}"],
  ],
  chat_joined_via_community: [
    ["", "{who} joined by way of the community"],
  ],
  chat_migrate_to: [
    ["", "The group became a supergroup"],
  ],
  conference_call: [
    ["missed", "{who} started a group call (missed)"],
    ["duration", "{who} started a group call ({duration:time})"],
    ["", "{who} started a group call"],
  ],
  contact_sign_up: [
    ["", "{who} joined Telegram"],
  ],
  custom_action: [
    ["message", "{message}"],
    ["", "{who} did something"],
  ],
  empty: [
    ["", "A service message without content"],
  ],
  game_score: [
    ["", "{who} scored {score} in a game"],
  ],
  geo_proximity_reached: [
    ["", "{from_id:person} came within {distance} m of {to_id:person}"],
  ],
  gift_code: [
    ["via_giveaway", "Won in a giveaway: Telegram Premium for {days} days"],
    ["", "{who} sent a gift code: Telegram Premium for {days} days"],
  ],
  gift_premium: [
    ["", "{who} gave Telegram Premium for {days} days"],
  ],
  gift_stars: [
    ["", "{who} gave {stars} Stars"],
  ],
  gift_ton: [
    ["", "{who} gave Toncoin"],
  ],
  giveaway_launch: [
    ["", "{who} started a giveaway"],
  ],
  giveaway_results: [
    ["winners_count=1", "The giveaway is over: 1 winner"],
    ["", "The giveaway is over: {winners_count} winners"],
  ],
  group_call: [
    ["duration", "The video chat ended ({duration:time})"],
    ["", "{who} started a video chat"],
  ],
  group_call_scheduled: [
    ["", "{who} scheduled a video chat for {schedule_date:date}"],
  ],
  history_clear: [
    ["", "The history was cleared"],
  ],
  invite_to_group_call: [
    ["", "{who} invited {people} to the video chat"],
  ],
  managed_bot_created: [
    ["", "{who} created the bot {people}"],
  ],
  new_creator_pending: [
    ["", "{who} asked {people} to become the owner"],
  ],
  no_forwards_request: [
    ["expired", "{who} had asked to change who may copy and forward; the request expired"],
    ["new_value", "{who} asked to forbid copying and forwarding"],
    ["", "{who} asked to allow copying and forwarding"],
  ],
  no_forwards_toggle: [
    ["new_value", "{who} forbade copying and forwarding"],
    ["", "{who} allowed copying and forwarding"],
  ],
  paid_messages_price: [
    ["stars", "{who} set the price of a message to {stars} Stars"],
    ["", "{who} made messages free"],
  ],
  paid_messages_refunded: [
    ["", "{who} gave back {stars} Stars for {count} messages"],
  ],
  payment_refunded: [
    ["", "{who} gave a payment of {total_amount:money} back"],
  ],
  payment_sent: [
    ["", "{who} paid {total_amount:money}"],
  ],
  payment_sent_me: [
    ["", "{who} paid {total_amount:money}"],
  ],
  phone_call: [
    ["video+reason=missed", "{who} made a video call (missed)"],
    ["video+reason=busy", "{who} made a video call (declined)"],
    ["video+duration", "{who} made a video call ({duration:time})"],
    ["video", "{who} made a video call"],
    ["reason=missed", "{who} called (missed)"],
    ["reason=busy", "{who} called (declined)"],
    ["duration", "{who} called ({duration:time})"],
    ["", "{who} called"],
  ],
  pin_message: [
    ["", "{who} pinned a message"],
  ],
  poll_append_answer: [
    ["", "{who} added an answer to the poll"],
  ],
  poll_delete_answer: [
    ["", "{who} removed an answer from the poll"],
  ],
  prize_stars: [
    ["", "Won in a giveaway: {stars} Stars"],
  ],
  requested_peer: [
    ["", "{who} shared {people} with the bot"],
  ],
  requested_peer_sent_me: [
    ["", "{who} shared {people}"],
  ],
  screenshot_taken: [
    ["", "{who} took a screenshot"],
  ],
  secure_values_sent: [
    ["", "{who} sent documents of Telegram Passport"],
  ],
  secure_values_sent_me: [
    ["", "{who} sent documents of Telegram Passport"],
  ],
  set_chat_theme: [
    ["", "{who} changed the theme of the chat"],
  ],
  set_chat_wall_paper: [
    ["same", "{who} took the same wallpaper"],
    ["", "{who} changed the wallpaper"],
  ],
  set_messages_ttl: [
    ["period", "{who} set messages to be deleted after {period:time}"],
    ["", "{who} turned automatic deletion off"],
  ],
  star_gift: [
    ["refunded", "{who} sent a gift; it was given back"],
    ["message", "{who} sent a gift: {message}"],
    ["", "{who} sent a gift"],
  ],
  star_gift_purchase_offer: [
    ["accepted", "{who} offered to buy a gift; the offer was accepted"],
    ["declined", "{who} offered to buy a gift; the offer was declined"],
    ["", "{who} offered to buy a gift"],
  ],
  star_gift_purchase_offer_declined: [
    ["expired", "The offer to buy a gift expired"],
    ["", "{who} declined the offer to buy a gift"],
  ],
  star_gift_unique: [
    ["upgrade", "{who} made a gift a collectible"],
    ["transferred", "{who} passed a collectible gift on"],
    ["", "{who} sent a collectible gift"],
  ],
  suggest_birthday: [
    ["", "{who} suggested a birthday"],
  ],
  suggest_profile_photo: [
    ["", "{who} suggested a profile photo"],
  ],
  suggested_post_approval: [
    ["reject_comment", "{who} rejected the suggested post: {reject_comment}"],
    ["rejected", "{who} rejected the suggested post"],
    ["balance_too_low", "The suggested post waits: there are not enough Stars for it"],
    ["", "{who} approved the suggested post"],
  ],
  suggested_post_refund: [
    ["", "The payment for the suggested post was given back"],
  ],
  suggested_post_success: [
    ["", "The suggested post was published and paid"],
  ],
  todo_append_tasks: [
    ["", "{who} added tasks to the list"],
  ],
  todo_completions: [
    ["completed", "{who} marked tasks as done"],
    ["", "{who} marked tasks as not done"],
  ],
  topic_create: [
    ["", "{who} created the topic “{title}”"],
  ],
  topic_edit: [
    ["title", "{who} renamed the topic to “{title}”"],
    ["closed", "{who} closed the topic"],
    ["closed=false", "{who} reopened the topic"],
    ["hidden", "{who} hid the topic"],
    ["hidden=false", "{who} showed the topic again"],
    ["", "{who} changed the topic"],
  ],
  web_view_data_sent: [
    ["", "{who} sent “{text}” to the bot"],
  ],
  web_view_data_sent_me: [
    ["", "{who} sent “{text}”"],
  ],
};

/** @type {[string, number][]} */
export const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
export const ABOUT = ["users", "user_id", "new_creator_id", "peers", "bot_id"];
export const MAX_NAMED = 3;
export const SOMEBODY = "somebody";
export const WHOLE_CURRENCIES = ["JPY", "KRW", "VND", "CLP", "ISK", "PYG", "UGX", "XAF", "XOF", "RWF"];
