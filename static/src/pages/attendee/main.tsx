import '../../ui/base.css'
import '../../ui/phone.css'
import './attendee.css'
import { mount } from '../../shared/mount'
import { startNotifications } from './notifications'
import { AttendeePage } from './page'
import type { AttendeeCards } from './screen'

mount<AttendeeCards>('attendee', AttendeePage, true, startNotifications)
