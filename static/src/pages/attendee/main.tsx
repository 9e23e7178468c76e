import '../../ui/base.css'
import '../../ui/phone.css'
import './attendee.css'
import { mount } from '../../shared/mount'
import type { AttendeeCards } from './screen'
import { AttendeePage } from './page'
import { startNotifications } from './notifications'

mount<AttendeeCards>('attendee', AttendeePage, true, startNotifications)
